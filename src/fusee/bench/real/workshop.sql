-- A watchmaker's workshop: customers, their watches, the repairs, and notes about these. SQLite makes every row itself,
-- from random numbers. The answers are whole numbers and text in one order only, so that all its versions agree.

-- What does not fit the cache would go to temporary files: there is no file system.
PRAGMA temp_store = MEMORY;

BEGIN;

CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL);
INSERT INTO words VALUES
  (0, 'mainspring'), (1, 'balance'), (2, 'crown'), (3, 'fusee'), (4, 'chain'), (5, 'hands'), (6, 'dial'),
  (7, 'crystal'), (8, 'oiled'), (9, 'cleaned'), (10, 'replaced'), (11, 'bent'), (12, 'broken'), (13, 'rusty'),
  (14, 'loose'), (15, 'worn'), (16, 'pivot'), (17, 'jewel'), (18, 'wheel'), (19, 'barrel'), (20, 'escapement'),
  (21, 'hairspring'), (22, 'screw'), (23, 'case'), (24, 'slow'), (25, 'fast'), (26, 'stops'), (27, 'again'),
  (28, 'after'), (29, 'before'), (30, 'winding'), (31, 'regulated');

CREATE TABLE towns (id INTEGER PRIMARY KEY, town TEXT NOT NULL);
INSERT INTO towns VALUES (0, 'Genève'), (1, 'Glashütte'), (2, 'Besançon'), (3, 'Coventry'), (4, '諏訪');

CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, town INTEGER NOT NULL REFERENCES towns);
WITH RECURSIVE random (id, x) AS (
  SELECT 1, 88675123 UNION ALL SELECT id + 1, (x * 1103515245 + 12345) & 0x7fffffff FROM random WHERE id < 2000)
INSERT INTO customers
SELECT id,
  printf('%s %c. %04x', substr('AdaBenCleDorEvaFay', (x >> 9) % 6 * 3 + 1, 3), char(65 + (x >> 13) % 26), x >> 15),
  (x >> 22) % 5
FROM random;

CREATE TABLE watches (
  id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers, calibre TEXT NOT NULL, made INTEGER NOT NULL);
WITH RECURSIVE random (id, x) AS (
  SELECT 1, 362436069 UNION ALL SELECT id + 1, (x * 1103515245 + 12345) & 0x7fffffff FROM random WHERE id < 6000)
INSERT INTO watches
SELECT id, (x >> 8) % 2000 + 1, printf('%c%03d', char(65 + (x >> 20) % 7), (x >> 12) % 50), 1870 + (x >> 10) % 100
FROM random;
CREATE INDEX watches_of_customer ON watches (customer);

CREATE TABLE repairs (
  id INTEGER PRIMARY KEY, watch INTEGER NOT NULL REFERENCES watches, day INTEGER NOT NULL,
  part INTEGER NOT NULL REFERENCES words, cents INTEGER NOT NULL, warranty INTEGER);
CREATE INDEX repairs_of_watch ON repairs (watch, day);
WITH RECURSIVE random (id, x) AS (
  SELECT 1, 521288629 UNION ALL SELECT id + 1, (x * 1103515245 + 12345) & 0x7fffffff FROM random WHERE id < 30000)
INSERT INTO repairs
SELECT id, (x >> 7) % 5900 + 1, 40000 + id / 10, (x >> 17) % 24, (x >> 5) % 25000 + 500,
  CASE WHEN x >> 13 & 3 = 0 THEN x >> 15 & 1 END
FROM random;
CREATE INDEX repairs_by_part ON repairs (part, cents);

CREATE VIRTUAL TABLE notes USING fts3 (text);
INSERT INTO notes (docid, text)
SELECT repairs.id, a.word || ' ' || b.word || ' ' || c.word || ' ' || d.word || ' ' || e.word
FROM repairs
  JOIN words a ON a.id = part
  JOIN words b ON b.id = 8 + cents % 8
  JOIN words c ON c.id = watch % 32
  JOIN words d ON d.id = cents / 7 % 32
  JOIN words e ON e.id = (cents + watch) / 3 % 32
WHERE repairs.id % 5 = 0 ORDER BY repairs.id;

COMMIT;

-- What each part brought in, and how often.
SELECT word, count(*), sum(cents), max(cents), count(DISTINCT watch)
FROM repairs JOIN words ON words.id = part GROUP BY part ORDER BY sum(cents) DESC, word LIMIT 12;

-- The best customers.
SELECT name, towns.town, count(*) AS n, sum(cents) AS total
FROM customers JOIN towns ON towns.id = customers.town
  JOIN watches ON customer = customers.id JOIN repairs ON watch = watches.id
GROUP BY customers.id HAVING n > 5 ORDER BY total DESC, customers.id LIMIT 10;

-- Watches that were never here, by town.
SELECT towns.town, count(*)
FROM watches JOIN customers ON customers.id = customer JOIN towns ON towns.id = customers.town
WHERE NOT EXISTS (SELECT 1 FROM repairs WHERE watch = watches.id) GROUP BY towns.town ORDER BY towns.town;

-- The same part of the same watch again within a year.
SELECT word, count(*)
FROM repairs a JOIN repairs b ON b.watch = a.watch AND b.day > a.day AND b.day <= a.day + 365
  JOIN words ON words.id = a.part
WHERE a.part = b.part GROUP BY word ORDER BY count(*) DESC, word LIMIT 8;

-- Repairs by the decade in which the watch was made, added up and ranked.
SELECT decade, n, sum(n) OVER (ORDER BY decade), rank() OVER (ORDER BY n DESC, decade)
FROM (SELECT made / 10 * 10 AS decade, count(*) AS n FROM watches JOIN repairs ON watch = watches.id GROUP BY decade)
ORDER BY decade;

-- The watches that were away for longest.
SELECT watch, pause
FROM (SELECT watch, day - lag(day) OVER (PARTITION BY watch ORDER BY day, id) AS pause FROM repairs)
WHERE pause IS NOT NULL ORDER BY pause DESC, watch LIMIT 5;

-- Text by pattern, by full-text index, and taken apart.
SELECT count(*), min(docid), max(docid) FROM notes WHERE text LIKE '%spring%' AND text LIKE '%ed %';
SELECT docid, text FROM notes WHERE notes MATCH 'fusee chain' ORDER BY docid LIMIT 5;
SELECT count(*) FROM notes WHERE notes MATCH 'hair* NEAR/2 broken';
SELECT upper(substr(text, 1, instr(text, ' ') - 1)) AS first, count(*), sum(length(text))
FROM notes GROUP BY first ORDER BY first LIMIT 5;

-- Everything in order, and a few from the middle.
SELECT calibre, towns.town, cents
FROM repairs JOIN watches ON watches.id = watch
  JOIN customers ON customers.id = customer JOIN towns ON towns.id = customers.town
ORDER BY calibre, towns.town DESC, cents, repairs.id LIMIT 3 OFFSET 20000;

-- Changes, which the indexes follow.
BEGIN;
UPDATE repairs SET cents = cents * 9 / 10 WHERE watch IN (SELECT id FROM watches WHERE calibre GLOB 'C*');
DELETE FROM repairs WHERE day < 40500 AND warranty IS NULL;
COMMIT;
SELECT count(*), sum(cents), printf('%.2f', avg(cents) / 100), count(warranty), min(warranty), NULL FROM repairs;

-- How a chain of so many links can be put together: recursion over text.
WITH RECURSIVE laid (chain, missing) AS (
  SELECT '', 14 UNION ALL
  SELECT chain || link, missing - length(link)
  FROM laid, (SELECT 'o' AS link UNION ALL SELECT '=o' UNION ALL SELECT '-=o') WHERE missing >= length(link))
SELECT count(*), min(chain), max(chain) FROM laid WHERE missing = 0;

PRAGMA integrity_check;
