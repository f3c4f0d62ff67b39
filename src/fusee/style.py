"""How pages look that Fusee writes. They need nothing beside themselves."""

from typing import Final

STYLE: Final = """\
  :root { --ink: #2b2b2b; --soft: #6b6b6b; --line: #e3dfd6; --paper: #fdfcf9; --brass: #9a6a00; }
  body { margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
         font: 16px/1.55 system-ui, "Helvetica Neue", "Liberation Sans", sans-serif; }
  h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .3rem; }
  h2 { font-size: 1.3rem; margin: 3rem 0 .4rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
  p { max-width: 46rem; }
  .soft { color: var(--soft); }
  .cards { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0; padding: 0; list-style: none; }
  .cards li { flex: 1 1 9rem; background: #fff; border: 1px solid var(--line); border-radius: .6rem;
              padding: .8rem 1rem; }
  .cards strong { display: block; font-size: 1.9rem; line-height: 1.2; color: var(--brass); font-weight: 600; }
  .cards small { color: var(--soft); display: block; }
  figure { margin: 1rem 0; }
  figure svg { width: 100%; height: auto; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
  th, td { padding: .28rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
  th { font-weight: 600; }
  th:first-child, td:first-child, td.text, th.text { text-align: left; }
  td.text { white-space: normal; }
  tr.mean td { font-weight: 600; background: #f6f2e8; }
  td.behind { color: #a33b20; }
  code { font-size: .92em; background: #f4f1ea; padding: .05em .3em; border-radius: .2em; overflow-wrap: anywhere; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; }
  dt { color: var(--soft); } dd { margin: 0; }
  @media print { body { max-width: none; } h2 { break-after: avoid; } tr, figure { break-inside: avoid; } }
"""
