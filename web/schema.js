// Schemas as rows, and what changed from one to the next.

import { h, show, grid } from './dom.js';

export function typeText(type) {
  if (typeof type === 'string') return type;
  if (type.type === 'list') return `list<${typeText(type.element)}>`;
  if (type.type === 'map') return `map<${typeText(type.key)}, ${typeText(type.value)}>`;
  if (type.type === 'struct') return 'struct';
  return show(JSON.stringify(type));
}

// All fields with their full names, nested ones included.
export function flatten(schema) {
  const rows = [];
  const walk = (fields, prefix) => {
    for (const field of fields) {
      const name = prefix + field.name;
      rows.push({ id: field.id, name, type: typeText(field.type), required: field.required, doc: field.doc });
      inside(field.type, name);
    }
  };
  const inside = (type, name) => {
    if (typeof type === 'string') return;
    if (type.type === 'struct') walk(type.fields, name + '.');
    if (type.type === 'list') inside(type.element, name + '.element');
    if (type.type === 'map') { inside(type.key, name + '.key'); inside(type.value, name + '.value'); }
  };
  walk(schema.fields, '');
  return rows;
}

export function fieldsGrid(schema) {
  return grid('Fields', [['id', one => one.id, 'number'], ['name', one => one.name], ['type', one => one.type],
    ['required', one => (one.required ? 'yes' : 'no')], ['comment', one => one.doc || '']], flatten(schema), 'no fields');
}

// In words, from the older schema to the newer.
export function changes(older, newer) {
  const before = new Map(flatten(older).map(one => [one.id, one]));
  const after = new Map(flatten(newer).map(one => [one.id, one]));
  const words = [];
  for (const [id, one] of after) {
    const was = before.get(id);
    if (!was) words.push(`added ${one.name} (${one.type})`);
    else {
      if (was.name !== one.name) words.push(`renamed ${was.name} to ${one.name}`);
      if (was.type !== one.type) words.push(`${one.name}: ${was.type} became ${one.type}`);
      if (was.required !== one.required) words.push(`${one.name} became ${one.required ? 'required' : 'optional'}`);
    }
  }
  for (const [id, one] of before) if (!after.has(id)) words.push(`removed ${one.name}`);
  return words;
}

export function historyList(schemas, current) {
  return schemas.map((schema, i) => h('details', { open: schema['schema-id'] === current },
    h('summary', {}, `schema ${schema['schema-id']}`, schema['schema-id'] === current ? ' (current)' : '',
      i > 0 ? ': ' + (show(changes(schemas[i - 1], schema).join('; ') || 'order or comments changed')) : ''),
    fieldsGrid(schema))).reverse();
}
