// What the page holds: an index of numbers, and texts that are unpacked when they are first needed.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("index").textContent);
const cells = data.cells;
const count = cells.kind ? cells.kind.length : 0;
const PASSED = data.kinds.indexOf("passed");
const ERROR = data.kinds.indexOf("error");
const SIGNS = {
  "passed": "✓", "assertion": "A", "exception": "E", "syntax error": "S", "empty": "–", "timed out": "T",
  "out of memory": "M", "refused": "R", "test failed": "U", "failed": "F", "error": "!",
};
const PLACES = Object.keys(SIGNS);
const sign = (kind) => SIGNS[data.kinds[kind]] ?? "?";
const kindClass = (kind) => {
  const place = PLACES.indexOf(data.kinds[kind]);
  return `kind-${place < 0 ? PLACES.length : place}`;
};

// The samples of each problem and strategy.
const samplesOf = data.problems.map(() => data.strategies.map(() => []));
for (let i = 0; i < count; i++) samplesOf[cells.problem[i]][cells.strategy[i]].push(i);
for (const row of samplesOf) for (const one of row) one.sort((a, b) => cells.sample[a] - cells.sample[b]);

const passedAmong = (samples) => samples.filter((i) => cells.kind[i] === PASSED).length;
const fixed = (i) => cells.before[i] >= 0 && cells.before[i] !== ERROR && cells.kind[i] === PASSED && cells.before[i] !== PASSED;
const broken = (i) => cells.before[i] === PASSED && cells.kind[i] !== PASSED && cells.kind[i] !== ERROR;

let unpacked = null;
function texts() {
  unpacked ??= unpack();
  return unpacked;
}

async function unpack() {
  const packed = atob(byId("texts").textContent);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
