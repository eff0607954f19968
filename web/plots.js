// Bars as SVG: as many as are given, labelled, and a table's worth of text for those who do not see.

import { h, svg, show } from './dom.js';

const BAR = 18, LABEL = 300, WIDTH = 420;

// values: [label, number, text]
export function bars(title, values) {
  const most = Math.max(1, ...values.map(([, value]) => value));
  const height = values.length * (BAR + 4);
  const picture = svg('svg', { width: LABEL + WIDTH + 90, height, viewBox: `0 0 ${LABEL + WIDTH + 90} ${height}`,
    role: 'img', 'aria-label': `${title}: ` + values.map(([label, , text]) => `${label} ${text}`).join(', ').slice(0, 1000) },
  values.map(([label, value, text], i) => {
    const y = i * (BAR + 4), width = Math.max(1, Math.round(value / most * WIDTH));
    return [svg('text', { x: LABEL - 8, y: y + 13, 'text-anchor': 'end' }, show(label, 42)),
      svg('rect', { class: 'bar', x: LABEL, y, width, height: BAR, rx: 2 }),
      svg('text', { x: LABEL + width + 6, y: y + 13 }, text)];
  }), svg('line', { class: 'axis', x1: LABEL, x2: LABEL, y1: 0, y2: height }));
  return h('figure', {}, h('figcaption', {}, title), picture);
}

// Sizes in ranges of powers of two.
export function sizeRanges(sizes, words) {
  const ranges = new Map();
  for (const size of sizes) {
    const power = size < 1024 ? 0 : Math.floor(Math.log2(size)) - 9;
    ranges.set(power, (ranges.get(power) || 0) + 1);
  }
  return [...ranges].sort(([a], [b]) => a - b).map(([power, number]) =>
    [power === 0 ? 'below 1 KiB' : `from ${words(2 ** (power + 9))}`, number, String(number)]);
}
