// What differs between two texts, by their longest common subsequence: of lines, and of words inside changed lines.
const LARGEST = 4e6; // products of lengths beyond this are shown as wholly replaced, rather than making people wait

function common(a, b) {
  const steps = []; // ["=", x], ["-", x], ["+", x]
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) steps.push(["=", a[start++]]);
  let endA = a.length, endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) { endA--; endB--; }
  const rows = endA - start, columns = endB - start;
  if (rows * columns > LARGEST) {
    for (let i = start; i < endA; i++) steps.push(["-", a[i]]);
    for (let j = start; j < endB; j++) steps.push(["+", b[j]]);
  } else {
    const length = Array.from({ length: rows + 1 }, () => new Uint32Array(columns + 1));
    for (let i = rows - 1; i >= 0; i--) {
      for (let j = columns - 1; j >= 0; j--) {
        length[i][j] = a[start + i] === b[start + j]
          ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
      }
    }
    let i = 0, j = 0;
    while (i < rows || j < columns) {
      if (i < rows && j < columns && a[start + i] === b[start + j]) { steps.push(["=", a[start + i]]); i++; j++; }
      else if (j >= columns || (i < rows && length[i + 1][j] >= length[i][j + 1])) steps.push(["-", a[start + i++]]);
      else steps.push(["+", b[start + j++]]);
    }
  }
  for (let i = endA; i < a.length; i++) steps.push(["=", a[i]]);
  return steps;
}

const words = (line) => line.match(/\w+|\s+|[^\w\s]/g) ?? [];

// Elements for a <pre>: unchanged lines, <del> and <ins>, with <mark> around the words that differ in a changed line.
function diffLines(from, to) {
  const made = [];
  const steps = common(from.split("\n"), to.split("\n"));
  for (let at = 0; at < steps.length;) {
    if (steps[at][0] === "=") { made.push(diffLine("span", " ", [steps[at++][1]])); continue; }
    const gone = [], come = [];
    while (at < steps.length && steps[at][0] !== "=") (steps[at][0] === "-" ? gone : come).push(steps[at++][1]);
    made.push(...changed("del", "-", gone, come), ...changed("ins", "+", come, gone));
  }
  return made;
}

function changed(name, mark, lines, others) {
  return lines.map((line, at) => {
    if (at >= others.length) return diffLine(name, mark, [line]);
    const parts = [];
    const steps = common(words(line), words(others[at]));
    const same = steps.filter(([what]) => what === "=").reduce((sum, [, word]) => sum + word.trim().length, 0);
    if (same * 3 < line.trim().length) return diffLine(name, mark, [line]); // another line, not a changed one
    for (const [what, word] of steps) {
      if (what === "=") parts.push(word);
      else if (what === "-") parts.push(element("mark", { textContent: word }));
    }
    return diffLine(name, mark, parts);
  });
}

function diffLine(name, mark, parts) {
  return element(name, { className: "line" }, element("b", { textContent: `${mark} ` }), ...parts, "\n");
}
