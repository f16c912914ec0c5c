// Where panels stand: Grafana's grid of 24 columns, or lines of fewer where the window is narrow.

const [ROW, GAP] = [30, 8];
const NARROW = 1000;
const TINY = 560;

/** Pixels of a height in Grafana's grid. */
export const pixels = (height) => height * (ROW + GAP) - GAP;

/** Places `[left, top, width, height]` for a page of some width, in the order of the panels. */
export function places(panels, width) {
  const given = panels.map((panel) => panel.grid);
  if (width >= NARROW) return given;
  const wanted = ([, , columns, height]) => (width < TINY ? (columns <= 6 && height <= 6 ? 12 : 24) : columns <= 4 ? 8 : columns <= 6 ? 12 : columns <= 12 && width > 720 ? 12 : 24);
  return lines(given, wanted);
}

/** Lines filled from the left; what is last in a line takes what is left of it. */
function lines(given, wanted) {
  const found = new Array(given.length);
  const order = given.map((_, index) => index).sort((a, b) => given[a][1] - given[b][1] || given[a][0] - given[b][0]);
  let [line, top] = [[], 0];
  const finish = () => {
    const height = Math.max(0, ...line.map((index) => given[index][3]));
    const used = line.reduce((sum, index) => sum + wanted(given[index]), 0);
    const scale = used ? 24 / used : 1;
    let left = 0;
    line.forEach((index, place) => {
      const width = place === line.length - 1 ? 24 - left : Math.round(wanted(given[index]) * scale);
      found[index] = [left, top, width, height];
      left += width;
    });
    top += height;
    line = [];
  };
  for (const index of order) {
    if (line.reduce((sum, at) => sum + wanted(given[at]), 0) + wanted(given[index]) > 24) finish();
    line.push(index);
  }
  finish();
  return found;
}
