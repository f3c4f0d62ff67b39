"""What functions cost in fuel, counted by hand."""

PLENTY = 1 << 40


def function(body: str, before: str = "", signature: str = "") -> str:
    return f'(module {before} (func (export "f") {signature} {body}))'


COUNTING = """(loop $again
  (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"""
"""Five instructions each time round."""

EXACT: dict[str, tuple[str, tuple[int, ...], int]] = {
    "nothing but the arrival": (function(""), (), 1),
    "what only says where others are": (function("(block (nop) (block))"), (), 1),
    "an empty loop before an arm that is not taken": (
        function("(loop) (if (local.get 0) (then (local.set 0 (i32.const 5))))", "", "(param i32)"), (0,), 3,
    ),
    "an empty loop before an arm that is taken": (
        function("(loop) (if (local.get 0) (then (local.set 0 (i32.const 5))))", "", "(param i32)"), (1,), 5,
    ),
    "a loop left in the middle": (
        function(
            """(block $out (loop $again
              (br_if $out (i32.eqz (local.get 0)))
              (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
              (br $again)))""",
            "",
            "(param i32)",
        ),
        (3,),
        1 + 3 * (3 + 5) + 3,
    ),
    "a loop whose arms go back": (
        function(
            """(loop $again
              (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
              (if (i32.and (local.get 0) (i32.const 1)) (then (drop (i64.const 1)) (br $again)))
              (if (local.get 0) (then (nop) (br $again))))""",
            "",
            "(param i32)",
        ),
        (4,),  # an odd number, an even one, an odd one, zero
        1 + 4 * (4 + 4) + 2 * 2 + 3 + 2,
    ),
    "a loop in a loop that both begin": (
        function(
            """(block $out (loop $outer (loop $inner
              (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
              (br_if $inner (i32.gt_s (local.get 0) (i32.const 2)))
              (br_if $out (i32.eqz (local.get 0)))
              (br $outer))))""",
            "",
            "(param i32)",
        ),
        (4,),
        1 + 4 * (4 + 4) + 3 * 3 + 2,
    ),
    "a line": (function("(drop (i32.add (i32.const 1) (i32.const 2)))"), (), 1 + 3),
    "a return": (function("(return (i32.const 4))", signature="(result i32)"), (), 1 + 1),
    "an arm that is taken": (function("(if (local.get 0) (then (drop (i32.const 1))))", "", "(param i32)"), (1,), 4),
    "an arm that is not": (function("(if (local.get 0) (then (drop (i32.const 1))))", "", "(param i32)"), (0,), 3),
    "the other arm": (
        function("(if (local.get 0) (then) (else (drop (i64.const 1)) (drop (i64.const 1))))", "", "(param i32)"),
        (0,),
        1 + 2 + 2,
    ),
    "behind an arm": (
        function("(if (local.get 0) (then (drop (i32.const 1)))) (drop (i32.const 1))", "", "(param i32)"),
        (0,),
        1 + 2 + 1,
    ),
    "behind an arm that leaves": (
        function(
            "(block $out (if (local.get 0) (then (br $out))) (drop (i32.const 1))) (drop (i32.const 1))",
            "",
            "(param i32)",
        ),
        (1,),
        1 + 2 + 1 + 1,
    ),
    "a loop": (function(COUNTING, "", "(param $n i32)"), (1000,), 1 + 5 * 1000),
    "behind a loop": (function(COUNTING + "(drop (i32.const 1))", "", "(param $n i32)"), (7,), 1 + 5 * 7 + 1),
    "a loop in a loop": (
        function(
            f"""(loop $outer (local.set $n (i32.const 10)) {COUNTING}
              (br_if $outer (local.tee $m (i32.sub (local.get $m) (i32.const 1)))))""",
            "",
            "(param $m i32) (local $n i32)",
        ),
        (20,),
        1 + 20 * (2 + 5 * 10 + 5),
    ),
    "a loop that is left in its middle": (
        function(
            """(block $out (loop $again
              (br_if $out (i32.eqz (local.get $n)))
              (local.set $n (i32.sub (local.get $n) (i32.const 1)))
              (br $again)))
            (drop (i32.const 1))""",
            "",
            "(param $n i32)",
        ),
        (5,),
        1 + 5 * (3 + 4 + 1) + 3 + 1,
    ),
    "a table of branches": (
        function(
            """(block $c (block $b (block $a (br_table $a $b $c (local.get 0)))
              (drop (i32.const 1)) (br $c)) (drop (i32.const 1)) (drop (i32.const 1)))""",
            "",
            "(param i32)",
        ),
        (1,),
        1 + 2 + 2,
    ),
    **{
        f"ways that cost differently, {number}": (
            function(
                """(block $out
                  (block $else (br_if $else (local.get 0)) (drop (i32.const 1)) (br $out))
                  (drop (i32.const 1)) (drop (i32.const 1)) (drop (i32.const 1)))
                (drop (i32.const 1))""",
                "",
                "(param i32)",
            ),
            (number,),
            1 + 2 + (3 if number else 2) + 1,
        )
        for number in (0, 1)
    },
    **{
        f"ways that meet where others leave, {number}": (
            function(
                """(block $out
                  (block $meet
                    (if (i32.and (local.get 0) (i32.const 1)) (then (br $meet)))
                    (br_if $out (i32.and (local.get 0) (i32.const 2)))
                    (br_if $meet (i32.and (local.get 0) (i32.const 4)))
                    (drop (i32.const 1)) (drop (i32.const 1)))
                  (drop (i32.const 1)))
                (nop)""",
                "",
                "(param i32)",
            ),
            (number,),
            1 + 4 + {1: 1 + 1, 2: 4, 4: 4 + 4 + 1, 0: 4 + 4 + 2 + 1}[number],
        )
        for number in (0, 1, 2, 4)
    },
    **{
        f"an arm without a cost, {number}": (
            function(
                """(block $out
                  (if (local.get 0)
                    (then)
                    (else (br_if $out (i32.eqz (local.get 0))) (drop (i32.const 1)) (drop (i32.const 1))))
                  (drop (i32.const 1)))""",
                "",
                "(param i32)",
            ),
            (number,),
            1 + 2 + (1 if number else 3),
        )
        for number in (0, 1)
    },
    **{
        f"cases, {number}": (
            function(
                """(block $d (block $c (block $b (block $a (br_table $a $b $b $c (local.get 0)))
                  (drop (i32.const 1)) (drop (i32.const 1)) (br $d))
                  (drop (i32.const 1)) (return))
                  (drop (i32.const 1)) (drop (i32.const 1)) (drop (i32.const 1)))
                (drop (i32.const 1))""",
                "",
                "(param i32)",
            ),
            (number,),
            1 + 2 + [3 + 1, 1, 1, 3 + 1, 3 + 1][number],
        )
        for number in range(5)
    },
    "a loop that other loops go back to": (
        function(
            """(loop $outer
              (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
              (block $skip
                (br_if $skip (i32.and (local.get 0) (i32.const 1)))
                (if (local.get 0) (then (br $outer)))
                (return))
              (br $outer))""",
            "",
            "(param i32)",
        ),
        (5,),
        1 + 5 * (4 + 4) + 2 * 1 + 3 * 2 + 2 * 1,
    ),
    "calls": (
        """(module (func $leaf (result i32) (i32.const 1))
          (func (export "f") (drop (i32.add (call $leaf) (call $leaf)))))""",
        (),
        1 + 3 + 2 * (1 + 1),
    ),
    "a recursion": (
        """(module (func $f (export "f") (param i32) (result i32)
          (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0)))))""",
        (9,),
        9 * (1 + 2 + 6) + 1 + 2 + 1,
    ),
    "tail calls": (
        """(module (func $f (export "f") (param i32)
          (if (i32.eqz (local.get 0)) (then (return)))
          (return_call $f (i32.sub (local.get 0) (i32.const 1)))))""",
        (1000,),
        1000 * (1 + 3 + 4) + 1 + 3,
    ),
    "a call through a table": (
        """(module (table 1 funcref) (elem (i32.const 0) $leaf) (func $leaf)
          (func (export "f") (call_indirect (i32.const 0))))""",
        (),
        1 + 2 + 1,
    ),
    "memory.fill": (
        function("(memory.fill (i32.const 0) (i32.const 7) (local.get 0))", "(memory 20)", "(param i32)"),
        (1_000_000,),
        1 + 4 + 1_000_000,
    ),
    "memory.copy": (
        function("(memory.copy (i32.const 1) (i32.const 0) (local.get 0))", "(memory 2)", "(param i32)"),
        (999,),
        1 + 4 + 999,
    ),
    "memory.init": (
        function("(memory.init 0 (i32.const 1) (i32.const 0) (i32.const 3)) (data.drop 0)", '(memory 1) (data "abc")'),
        (),
        1 + 4 + 3 + 1,
    ),
    "memory.grow": (function("(drop (memory.grow (i32.const 3)))", "(memory 1)"), (), 1 + 2 + 3),
    "memory.grow in vain": (function("(drop (memory.grow (i32.const 3)))", "(memory 1 2)"), (), 1 + 2),
    "table.fill": (
        function("(table.fill (i32.const 0) (ref.null func) (i32.const 8))", "(table 9 funcref)"),
        (),
        1 + 4 + 8,
    ),
    "table.copy": (
        function("(table.copy (i32.const 1) (i32.const 0) (i32.const 8))", "(table 9 funcref)"),
        (),
        1 + 4 + 8,
    ),
    "table.init": (
        """(module (table 9 funcref) (elem func $f $f $f)
          (func $f (export "f") (table.init 0 (i32.const 2) (i32.const 1) (i32.const 2)) (elem.drop 0)))""",
        (),
        1 + 4 + 2 + 1,
    ),
    "table.grow": (function("(drop (table.grow (ref.null func) (i32.const 70)))", "(table 9 funcref)"), (), 1 + 3 + 70),
    "table.grow in vain": (
        function("(drop (table.grow (ref.null func) (i32.const 70)))", "(table 9 70 funcref)"),
        (),
        1 + 3,
    ),
    "vectors": (function("(drop (i32x4.add (v128.const i32x4 1 2 3 4) (i32x4.splat (i32.const 1))))"), (), 1 + 4),
    "arrays": (
        function(
            """(local.set $x (array.new_default $a (i32.const 100)))
            (array.copy $a $a (local.get $x) (i32.const 0) (local.get $x) (i32.const 0) (i32.const 90))
            (array.fill $a (local.get $x) (i32.const 0) (i32.const 1) (i32.const 50))
            (drop (array.new_fixed $a 3 (i32.const 1) (i32.const 2) (i32.const 3)))""",
            "(type $a (array (mut i32)))",
            "(local $x (ref null $a))",
        ),
        (),
        1 + (3 + 100) + (6 + 90) + (5 + 50) + 4,
    ),
    "an exception that is caught here": (
        function(
            "(block $h (try_table (catch_all $h) (throw $e)) (drop (i32.const 1))) (drop (i32.const 1))", "(tag $e)"
        ),
        (),
        1 + 2 + 1,
    ),
}  # fmt: skip
