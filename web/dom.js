// Elements out of values. Text is only ever text: no name of a table can become markup.

export function h(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(one => one !== null && one !== undefined && one !== false));
  return element;
}

// Marks that turn text around, and control characters, are shown as what they are.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

export function show(text, longest = 400) {
  const visible = String(text).replace(HIDDEN, c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
  return visible.length > longest ? visible.slice(0, longest) + '…' : visible;
}

export function bytes(count) {
  if (count === null || count === undefined) return '–';
  let value = Number(count), unit = 0;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return (unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)) + ' ' + units[unit];
}

const NUMBERS = new Intl.NumberFormat('en');

export function count(value) {
  return value === null || value === undefined ? '–' : NUMBERS.format(BigInt(value));
}

export function time(ms) {
  if (ms === null || ms === undefined) return '–';
  return new Date(Number(ms)).toISOString().replace('T', ' ').replace('Z', ' UTC');
}

// columns: [title, value of a row (text or element), 'number'?]
export function grid(label, columns, rows, empty = 'none') {
  if (rows.length === 0) return h('p', { class: 'quiet' }, empty);
  const head = columns.map(([title, , kind]) => h('th', { class: kind, scope: 'col' }, title));
  const body = rows.map(row => h('tr', {}, columns.map(([, value, kind]) => {
    const cell = value(row);
    return h('td', { class: kind }, cell instanceof Node || Array.isArray(cell) ? cell : show(cell ?? '–'));
  })));
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
    h('table', {}, h('thead', {}, h('tr', {}, head)), h('tbody', {}, body)));
}

// pairs: [name, value]
export function facts(pairs) {
  return h('dl', {}, pairs.filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => [h('dt', {}, name), h('dd', {}, value instanceof Node ? value : show(value))]));
}

export function failure(error) {
  return h('div', { class: 'error', role: 'alert' },
    h('strong', {}, error.type ? show(error.type) : 'Error'), ' ', show(error.message, 1200));
}
