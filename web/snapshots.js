// Snapshots as a graph: the newest on top, a lane for each line of descent, and what each changed.

import { h, svg, show, time, count, bytes } from './dom.js';

const ROW = 34, LANE = 16;

// The lane of each snapshot: a parent goes on in the lane of its newest child.
function lanes(snapshots) {
  const byId = new Map(snapshots.map(one => [String(one['snapshot-id']), one]));
  const lane = new Map(), wanted = []; // wanted[lane] = the id that comes next in it
  for (const one of snapshots) {
    const id = String(one['snapshot-id']);
    let mine = wanted.indexOf(id);
    if (mine < 0) { mine = wanted.indexOf(undefined); if (mine < 0) mine = wanted.length; }
    for (let i = 0; i < wanted.length; i += 1) if (wanted[i] === id) wanted[i] = undefined;
    const parent = one['parent-snapshot-id'] === undefined || one['parent-snapshot-id'] === null ? undefined : String(one['parent-snapshot-id']);
    lane.set(id, mine);
    wanted[mine] = parent !== undefined && byId.has(parent) ? parent : undefined;
  }
  return lane;
}

function picture(snapshots, lane, index, rowOf, live) {
  const one = snapshots[index], id = String(one['snapshot-id']), x = n => 10 + n * LANE;
  const width = x(Math.max(0, ...lane.values())) + 12, parts = [];
  snapshots.forEach((child, i) => {
    const parent = rowOf.get(String(child['parent-snapshot-id']));
    if (parent === undefined || index < i || index > parent) return;
    const from = x(lane.get(String(child['snapshot-id']))), to = x(lane.get(String(snapshots[parent]['snapshot-id'])));
    const top = index === i ? ROW / 2 : 0, bottom = index === parent ? ROW / 2 : ROW;
    const bend = index === parent && from !== to;
    parts.push(svg('path', { class: 'edge', d: bend ? `M${from} 0 Q${from} ${ROW / 2} ${to} ${ROW / 2}` : `M${from} ${top}V${bottom}` }));
  });
  parts.push(svg('circle', { class: live.has(id) ? 'node' : 'node off', cx: x(lane.get(id)), cy: ROW / 2, r: 5 }));
  return svg('svg', { width, height: ROW, 'aria-hidden': 'true' }, parts);
}

const SUMMARY = [['added-data-files', '+', 'files', count], ['deleted-data-files', '−', 'files', count],
  ['added-delete-files', '+', 'delete files', count], ['removed-delete-files', '−', 'delete files', count],
  ['added-records', '+', 'rows', count], ['deleted-records', '−', 'rows', count],
  ['added-files-size', '+', '', bytes], ['removed-files-size', '−', '', bytes]];

export function changed(summary) {
  return SUMMARY.filter(([key]) => summary[key] && summary[key] !== '0')
    .map(([key, sign, noun, words]) => `${sign}${words(summary[key])} ${noun}`.trim()).join(', ');
}

// Those that a branch's head descends from.
function reachable(snapshots, refs) {
  const byId = new Map(snapshots.map(one => [String(one['snapshot-id']), one]));
  const live = new Set();
  for (const ref of Object.values(refs))
    for (let one = byId.get(String(ref['snapshot-id'])); one && !live.has(String(one['snapshot-id']));
      one = byId.get(String(one['parent-snapshot-id'])))
      live.add(String(one['snapshot-id']));
  return live;
}

export const LONGEST_GRAPH = 500;

// actions(snapshot): elements for its row.
export function snapshotGraph(metadata, actions) {
  const all = (metadata.snapshots || []).toSorted((a, b) => b['timestamp-ms'] - a['timestamp-ms'] ||
    (b['sequence-number'] || 0) - (a['sequence-number'] || 0));
  if (all.length === 0) return h('p', { class: 'quiet' }, 'The table has no snapshot yet.');
  const snapshots = all.slice(0, LONGEST_GRAPH);
  const lane = lanes(snapshots), live = reachable(all, metadata.refs || {});
  const rowOf = new Map(snapshots.map((one, i) => [String(one['snapshot-id']), i]));
  const names = new Map();
  for (const [name, ref] of Object.entries(metadata.refs || {})) {
    const key = String(ref['snapshot-id']);
    names.set(key, [...(names.get(key) || []), [name, ref.type]]);
  }
  const rows = snapshots.map((one, i) => {
    const id = String(one['snapshot-id']);
    return h('tr', {}, h('td', {}, picture(snapshots, lane, i, rowOf, live)),
      h('td', {}, h('span', { class: 'mono' }, id), ' ', (names.get(id) || []).map(([name, type]) =>
        h('span', { class: 'badge' }, type === 'tag' ? 'tag ' : '', h('bdi', {}, show(name, 60))))),
      h('td', {}, time(one['timestamp-ms'])), h('td', {}, show(one.summary?.operation || '–')),
      h('td', {}, changed(one.summary || {})), h('td', {}, actions(one)));
  });
  return h('div', {}, h('div', { class: 'scroll graph', tabindex: '0', role: 'region', 'aria-label': 'Snapshots' }, h('table', {},
    h('thead', {}, h('tr', {}, ['', 'snapshot', 'time', 'operation', 'changed', ''].map(title => h('th', { scope: 'col' }, title || h('span', { 'aria-hidden': 'true' }))))),
    h('tbody', {}, rows))),
  all.length > LONGEST_GRAPH ? h('p', { class: 'quiet' }, `the newest ${LONGEST_GRAPH} of ${all.length} snapshots`) : null);
}
