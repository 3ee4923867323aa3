// Pages that explain stand before those of codes, decisions and process files; a heading of the question's words, first.
// `var`, because Sphinx declares a `Scorer` of its own where there is none.
var Scorer = {
  score: ([page, title, anchor, description, score, file, kind]) =>
    score + (kind === "title" ? 20 : 0) - (page.includes("/") ? 10 : 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
