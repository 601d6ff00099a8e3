// One cell, opened: what was asked, what came, what was made of it, what the sandbox said, how others differ.
const dialog = byId("cell");
const open = { p: 0, s: 0, sample: 0, other: 0 };
const LIKE = { completion: "completion", generation: "generation", prompt: "prompt" };

function openCell(p, s) {
  Object.assign(open, { p, s, sample: 0, other: null });
  if (!dialog.open) dialog.showModal();
  showCell();
}

// The best strategy whose verdict differs here: what a solution looks like, or what a failure does.
function telling(p, s) {
  const solved = (at) => passedAmong(samplesOf[p][at]) > 0;
  const others = data.strategies.map((_, at) => at).filter((at) => at !== s && samplesOf[p][at].length);
  return others.find((at) => solved(at) !== solved(s)) ?? others[0] ?? null;
}

async function showCell() {
  const { p, s } = open;
  const samples = samplesOf[p][s];
  const i = samples[Math.min(open.sample, samples.length - 1)];
  open.other ??= telling(p, s);
  const problem = data.problems[p];
  byId("cell-title").replaceChildren(problem.id, " ", element("code", { textContent: problem.name }));
  fill(byId("cell-strategy"), strategiesAt(p), s);
  fill(byId("cell-sample"), samples.map((one, at) => [at, `${cells.sample[one]}: ${data.kinds[cells.kind[one]]}`]), open.sample);
  byId("cell-sample-label").hidden = samples.length < 2;
  const all = await texts();
  if (open.p !== p || open.s !== s) return; // another cell was opened meanwhile
  showVerdict(i, all);
  const detail = all[cells.detail[i]];
  byId("cell-detail").textContent = detail;
  byId("cell-detail").parentElement.hidden = !detail;
  byId("cell-completion").textContent = all[cells.completion[i]] || "(empty)";
  byId("cell-prompt").textContent = all[cells.prompt[i]] || "(not recorded)";
  const same = cells.generation[i] === cells.completion[i];
  byId("cell-generation").textContent = same ? "(the same as the completion)" : all[cells.generation[i]] || "(empty)";
  const reasoning = all[cells.reasoning[i]];
  byId("cell-reasoning").textContent = reasoning;
  byId("cell-reasoning").parentElement.hidden = !reasoning;
  showDiff(i, all);
  for (const pre of dialog.querySelectorAll("pre")) pre.scrollTop = pre.scrollLeft = 0;
  history.replaceState(null, "", `#${encodeURIComponent(problem.id)}/${encodeURIComponent(data.strategies[s])}`);
}

function showVerdict(i, all) {
  const kind = data.kinds[cells.kind[i]];
  const parts = [
    `${cells.tokens[i]} tokens`,
    cells.latency[i] && `${cells.latency[i]} s to the last token`,
    cells.finish[i] && `ended by ${all[cells.finish[i]]}`,
    cells.seconds[i] && `checked in ${cells.seconds[i]} s`,
    cells.steps[i] && `post-processing changed ${all[cells.steps[i]]}`,
    cells.before[i] >= 0 && `baseline: ${data.kinds[cells.before[i]]}`,
  ].filter(Boolean);
  const badge = element("b", { className: `badge ${kindClass(cells.kind[i])}`, textContent: `${sign(cells.kind[i])} ${kind}` });
  byId("cell-verdict").replaceChildren(badge, ` ${parts.join(" · ")}`);
}

async function showDiff(i, all) {
  const what = LIKE[byId("diff-what").value];
  const section = byId("diff").parentElement;
  section.hidden = open.other === null;
  if (open.other === null) return;
  fill(byId("diff-other"), strategiesAt(open.p).filter(([at]) => at !== open.s), open.other);
  const theirs = samplesOf[open.p][open.other];
  const other = theirs[Math.min(open.sample, theirs.length - 1)];
  const from = all[cells[what][i]], to = all[cells[what][other]];
  const told = from === to ? `Both are the same (${data.kinds[cells.kind[other]]} there).`
    : `− ${data.strategies[open.s]} (${data.kinds[cells.kind[i]]}), + ${data.strategies[open.other]} (${data.kinds[cells.kind[other]]})`;
  byId("diff-told").textContent = told;
  byId("diff").replaceChildren(...(from === to ? [] : diffLines(from, to)));
  byId("diff").hidden = from === to;
}

const strategiesAt = (p) => data.strategies
  .map((name, at) => [at, `${name}: ${samplesOf[p][at].map((i) => sign(cells.kind[i])).slice(0, 5).join("")}`])
  .filter(([at]) => samplesOf[p][at].length);

function fill(select, choices, chosen) {
  select.replaceChildren(...choices.map(([value, textContent]) => element("option", { value, textContent })));
  select.value = chosen;
}

function nextProblem(step) {
  const rows = [...grid.tBodies[0].rows].filter((row) => !row.hidden);
  for (let at = rows.indexOf(rowOf[open.p]) + step; at >= 0 && at < rows.length; at += step) {
    const p = rowOf.indexOf(rows[at]);
    if (samplesOf[p][open.s].length) { Object.assign(open, { p, sample: 0, other: null }); showCell(); return; }
  }
}

byId("cell-strategy").addEventListener("change", (event) => openCell(open.p, +event.target.value));
byId("cell-sample").addEventListener("change", (event) => { open.sample = +event.target.value; showCell(); });
byId("diff-other").addEventListener("change", (event) => { open.other = +event.target.value; showCell(); });
byId("diff-what").addEventListener("change", showCell);
byId("cell-before").addEventListener("click", () => nextProblem(-1));
byId("cell-after").addEventListener("click", () => nextProblem(1));
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => {
  history.replaceState(null, "", "#problems");
  const cell = boxOf[open.p]?.[open.s];
  if (cell && !cell.parentElement.hidden) focusCell(cell);
});
