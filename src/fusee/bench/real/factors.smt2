; Which two factors of 17 bits has this number? Both are prime.
(set-logic QF_BV)
(declare-const a (_ BitVec 36))
(declare-const b (_ BitVec 36))
(assert (= (bvmul a b) #x2026adbc3))
(assert (and (bvult #x000000001 a) (bvult a #x000020000)))
(assert (and (bvult #x000000001 b) (bvult b #x000020000)))
(assert (bvult a b))
(check-sat)
