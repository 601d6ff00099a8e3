// The grid: one row a problem, one column a strategy; the arrow keys move, one cell is in the tab order.
const grid = byId("grid");
const several = samplesOf.some((row) => row.some((samples) => samples.length > 1));
const rowOf = []; // by problem: its <tr>
const boxOf = data.problems.map(() => []); // by problem and strategy: its <td>, where there is a sample
let onOpen = () => {};

function buildGrid() {
  const head = element("tr", {}, element("th", { scope: "col", className: "corner", textContent: "problem" }));
  for (const name of data.strategies) {
    head.append(element("th", { scope: "col", title: name }, element("span", { textContent: name })));
  }
  const body = element("tbody");
  data.problems.forEach((problem, p) => body.append(buildRow(problem, p)));
  grid.append(element("thead", {}, head), body);
  grid.classList.toggle("several", several);
  const first = grid.querySelector("td[tabindex]");
  if (first) first.tabIndex = 0;
}

function buildRow(problem, p) {
  const solved = samplesOf[p].filter((samples) => passedAmong(samples) > 0).length;
  const name = element("th", { scope: "row", title: `${problem.id} ${problem.name}` },
    element("span", { className: "id", textContent: problem.id.replace(/^HumanEval\//, "") }),
    element("span", { className: "name", textContent: problem.name || problem.id }),
    element("span", { className: "solved", textContent: solved, title: `solved with ${solved} ${solved === 1 ? "strategy" : "strategies"}` }));
  const row = element("tr", {}, name);
  samplesOf[p].forEach((samples, s) => row.append(buildCell(samples, p, s)));
  rowOf[p] = row;
  return row;
}

function buildCell(samples, p, s) {
  const cell = document.createElement("td");
  if (!samples.length) return cell;
  const passed = passedAmong(samples);
  const kind = cells.kind[samples.find((i) => cells.kind[i] !== PASSED) ?? samples[0]];
  const shown = passed === samples.length ? PASSED : kind;
  let label = samples.length > 1 ? `${passed} of ${samples.length} passed` : data.kinds[shown];
  cell.className = kindClass(shown);
  if (samples.length > 1 && passed && passed < samples.length) cell.className = "partly";
  if (samples.some(fixed)) { cell.className += " fixed"; label += ", fixed since the baseline"; }
  if (samples.some(broken)) { cell.className += " broken"; label += ", broken since the baseline"; }
  cell.textContent = samples.length > 1 ? `${passed}/${samples.length}` : sign(shown);
  cell.tabIndex = -1;
  cell.setAttribute("aria-label", label);
  cell.dataset.p = p;
  cell.dataset.s = s;
  boxOf[p][s] = cell;
  return cell;
}

function focusCell(cell) {
  const former = grid.querySelector('td[tabindex="0"]');
  if (former) former.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function move(cell, down, right) {
  const rows = [...grid.tBodies[0].rows].filter((row) => !row.hidden);
  let r = rows.indexOf(cell.parentElement) + down;
  let c = cell.cellIndex + right;
  r = Math.max(0, Math.min(rows.length - 1, r));
  c = Math.max(1, Math.min(data.strategies.length, c));
  // Past the cells that hold no sample, in the direction of the move.
  const step = (right || down) > 0 ? 1 : -1;
  while (rows[r]?.cells[c] && !rows[r].cells[c].hasAttribute("tabindex")) right ? (c += step) : (r += step);
  const target = rows[r]?.cells[c];
  if (target?.hasAttribute("tabindex")) focusCell(target);
}

const FAR = 1e6;
const MOVES = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -FAR], End: [0, FAR],
};

grid.addEventListener("keydown", (event) => {
  const cell = event.target.closest("td[tabindex]");
  if (!cell || event.altKey || event.metaKey) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    onOpen(+cell.dataset.p, +cell.dataset.s);
  } else if (event.key in MOVES) {
    event.preventDefault();
    const [down, right] = MOVES[event.key];
    move(cell, event.ctrlKey && right ? Math.sign(right) * FAR : down, right);
  }
});

grid.addEventListener("click", (event) => {
  const cell = event.target.closest("td[tabindex]");
  if (!cell) return;
  focusCell(cell);
  onOpen(+cell.dataset.p, +cell.dataset.s);
});
