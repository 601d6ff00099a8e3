// Filters, and the start.
const chosen = new Set(); // kinds; none is all
let lowered = null;

function counted(number, one) {
  return `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;
}

function buildKinds() {
  data.kinds.forEach((kind, k) => {
    const among = cells.kind ? cells.kind.filter((one) => one === k).length : 0;
    if (!among) return;
    const chip = element("button", { type: "button", className: `chip ${kindClass(k)}` },
      element("b", { textContent: sign(k) }), ` ${kind} `, element("span", { textContent: among.toLocaleString("en") }));
    chip.setAttribute("aria-pressed", "false");
    chip.addEventListener("click", () => {
      chosen.has(k) ? chosen.delete(k) : chosen.add(k);
      chip.setAttribute("aria-pressed", chosen.has(k));
      filter();
    });
    byId("filter-kinds").append(chip);
  });
}

function buildCauses() {
  data.causes.forEach((cause, c) => {
    if (!c) return;
    const among = cells.cause.filter((one) => one === c).length;
    byId("filter-cause").append(element("option", { value: String(c), textContent: `${cause} (${among.toLocaleString("en")})` }));
  });
  byId("cause-label").hidden = data.causes.length < 2;
}

// A sample matches when its verdict is among the chosen ones and the text is in its problem or in a text of its own. A
// problem stays while a sample of it matches; its other samples fade.
async function filter() {
  const wanted = byId("filter-text").value.trim().toLowerCase();
  const rows = byId("filter-rows").value;
  const cause = Number(byId("filter-cause").value);
  let has = null;
  if (wanted) {
    lowered ??= (await texts()).map((text) => text.toLowerCase());
    if (wanted !== byId("filter-text").value.trim().toLowerCase()) return; // typed on meanwhile
    has = lowered.map((text) => text.includes(wanted));
  }
  const all = !has && !chosen.size && !cause && !["fixed", "broken"].includes(rows);
  let problems = 0, samples = 0;
  data.problems.forEach((problem, p) => {
    const named = has && (has[problem.text] || `${problem.id} ${problem.name}`.toLowerCase().includes(wanted));
    const matches = (i) => (!chosen.size || chosen.has(cells.kind[i])) && (!cause || cells.cause[i] === cause)
      && (!has || named || ["prompt", "generation", "reasoning", "completion", "detail"].some((what) => has[cells[what][i]]))
      && (rows !== "fixed" || fixed(i)) && (rows !== "broken" || broken(i));
    let found = 0;
    samplesOf[p].forEach((of, s) => {
      const matching = of.filter(matches).length;
      found += matching;
      boxOf[p][s]?.classList.toggle("faded", !all && !matching);
    });
    rowOf[p].hidden = !found || !rowIsWanted(p, rows);
    if (!rowOf[p].hidden) { problems++; samples += found; }
  });
  byId("found").textContent = `${problems} of ${counted(data.problems.length, "problem")}, ${counted(samples, "sample")}`;
  keepOneInTabOrder();
}

function rowIsWanted(p, rows) {
  const solved = samplesOf[p].filter((of) => of.length).map((of) => passedAmong(of) > 0);
  if (rows === "differ") return solved.includes(true) && solved.includes(false);
  if (rows === "none") return !solved.includes(true);
  if (rows === "every") return !solved.includes(false);
  return true;
}

function keepOneInTabOrder() {
  const now = grid.querySelector('td[tabindex="0"]');
  if (now && !now.parentElement.hidden) return;
  const first = grid.querySelector("tbody tr:not([hidden]) td[tabindex]");
  if (now) now.tabIndex = -1;
  if (first) first.tabIndex = 0;
}

function order() {
  const solved = (p) => samplesOf[p].reduce((sum, of) => sum + passedAmong(of), 0);
  const problems = data.problems.map((_, p) => p);
  if (byId("order").value === "hard") problems.sort((a, b) => solved(a) - solved(b) || a - b);
  grid.tBodies[0].append(...problems.map((p) => rowOf[p]));
}

function openLinked() {
  const [id, strategy] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const p = data.problems.findIndex((problem) => problem.id === id), s = data.strategies.indexOf(strategy);
  if (p >= 0 && s >= 0 && samplesOf[p][s].length) openCell(p, s);
}

let waiting = 0;
byId("filter-text").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
byId("filter-rows").addEventListener("change", filter);
byId("filter-cause").addEventListener("change", filter);
byId("order").addEventListener("change", order);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
onOpen = openCell;
buildKinds();
buildCauses();
buildGrid();
filter();
openLinked();
