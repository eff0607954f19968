// Namespaces, tables and views as a tree of which only the rows in sight are elements: ten thousand
// tables cost what thirty do. Keys: arrows, Home, End, Enter, as the ARIA pattern for trees has them.

import { h, show } from './dom.js';
import { api } from './api.js';

const ROW = 26;
const PAGE = 1000;

export class Tree {
  constructor(element, onChoose) {
    this.element = element;
    this.onChoose = onChoose;
    this.warehouse = null;
    this.roots = [];
    this.rows = [];
    this.filter = '';
    this.selected = null;
    this.at = 0;
    element.setAttribute('role', 'tree');
    element.setAttribute('tabindex', '0');
    element.setAttribute('aria-label', 'Namespaces');
    this.space = h('div', { role: 'presentation' });
    element.append(this.space);
    element.addEventListener('scroll', () => this.draw());
    element.addEventListener('keydown', event => this.key(event));
    new ResizeObserver(() => this.draw()).observe(element);
  }

  async open(warehouse) {
    this.warehouse = warehouse;
    this.roots = await this.namespaces([]);
    if (this.roots.length === 1) await this.expand(this.roots[0]);
    this.arrange();
  }

  async namespaces(parent) {
    const found = [];
    const query = parent.length ? { parent: parent.join('\u001f'), pageSize: PAGE } : { pageSize: PAGE };
    await api.pages(`/v1/${encodeURIComponent(this.warehouse)}/namespaces`, query, page => {
      for (const levels of page.namespaces)
        found.push({ kind: 'namespace', levels, name: levels[levels.length - 1], depth: levels.length - 1,
          isOpen: false, children: null, key: 'n' + levels.join('\u001f') });
    });
    return found;
  }

  // The first page shows at once; the others arrive while people look at it.
  async expand(node) {
    node.isOpen = true;
    if (node.children) return;
    node.children = await this.namespaces(node.levels);
    const path = api.namespace(this.warehouse, node.levels);
    const add = (kind, names) => {
      for (const { namespace, name } of names)
        node.children.push({ kind, levels: namespace, name, depth: node.depth + 1,
          key: kind[0] + namespace.join('\u001f') + '\u001f' + name });
      this.arrange();
    };
    await api.pages(`${path}/tables`, { pageSize: PAGE }, page => add('table', page.identifiers));
    await api.pages(`${path}/views`, { pageSize: PAGE }, page => add('view', page.identifiers));
  }

  collapse(node) {
    node.isOpen = false;
    this.arrange();
  }

  // For a search every namespace is opened once.
  async setFilter(text) {
    this.filter = text.trim().toLowerCase();
    this.arrange();
    if (!this.filter) return;
    const openAll = async nodes => {
      for (const node of nodes) {
        if (node.kind !== 'namespace') continue;
        if (!node.children) { await this.expand(node); node.isOpen = false; }
        await openAll(node.children);
      }
    };
    await openAll(this.roots);
    this.arrange();
  }

  arrange() {
    const rows = [];
    const matches = node => node.kind !== 'namespace' && node.name.toLowerCase().includes(this.filter);
    const walk = nodes => {
      for (const node of nodes) {
        if (this.filter) {
          const before = rows.length;
          if (node.kind === 'namespace') {
            rows.push(node);
            walk(node.children || []);
            if (rows.length === before + 1) rows.pop();
          } else if (matches(node)) rows.push(node);
          continue;
        }
        rows.push(node);
        if (node.isOpen) walk(node.children || []);
      }
    };
    walk(this.roots);
    this.rows = rows;
    this.at = Math.max(0, Math.min(this.at, rows.length - 1));
    this.space.style.height = `${rows.length * ROW}px`;
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW) - 5);
    const last = Math.min(this.rows.length, first + Math.ceil(this.element.clientHeight / ROW) + 10);
    const items = [];
    for (let i = first; i < last; i += 1) items.push(this.item(this.rows[i], i));
    this.space.replaceChildren(...items);
    const active = this.rows[this.at];
    if (active) this.element.setAttribute('aria-activedescendant', `tree-${this.at}`);
    else this.element.removeAttribute('aria-activedescendant');
  }

  item(node, index) {
    const isOpen = this.filter ? true : node.isOpen;
    const mark = node.kind === 'namespace' ? (isOpen ? '▾' : '▸') : node.kind === 'view' ? '◇' : '▦';
    const item = h('div', {
      role: 'treeitem', id: `tree-${index}`, 'aria-level': node.depth + 1, 'aria-setsize': this.rows.length,
      'aria-posinset': index + 1, 'aria-selected': node.key === this.selected ? 'true' : 'false',
      'aria-expanded': node.kind === 'namespace' ? String(Boolean(isOpen)) : null,
      title: show(node.name), onclick: () => { this.at = index; this.choose(node); },
    }, h('span', { class: 'kind', 'aria-hidden': 'true' }, mark), h('bdi', {}, show(node.name, 120)));
    item.style.top = `${index * ROW}px`;
    item.style.paddingLeft = `${8 + node.depth * 16}px`;
    return item;
  }

  async choose(node) {
    if (node.kind === 'namespace' && !this.filter) {
      if (node.isOpen && node.key === this.selected) this.collapse(node);
      else { const work = this.expand(node); this.arrange(); await work; }
    }
    this.onChoose(node);
  }

  // Opens what stands above, so that the node is among the rows.
  async reveal(levels, key) {
    if (this.filter) return this.select(key);
    let nodes = this.roots;
    const depth = key.startsWith('n') ? levels.length - 1 : levels.length;
    for (let i = 1; i <= depth; i += 1) {
      const node = nodes.find(one => one.kind === 'namespace' && one.levels.length === i && one.levels[i - 1] === levels[i - 1]);
      if (!node) break;
      await this.expand(node);
      nodes = node.children;
    }
    this.arrange();
    this.select(key);
    const index = this.rows.findIndex(one => one.key === key);
    if (index >= 0) this.move(index);
  }

  select(key) {
    this.selected = key;
    this.draw();
  }

  move(to) {
    this.at = Math.max(0, Math.min(to, this.rows.length - 1));
    const top = this.at * ROW, height = this.element.clientHeight;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + ROW > this.element.scrollTop + height) this.element.scrollTop = top + ROW - height;
    this.draw();
  }

  key(event) {
    const node = this.rows[this.at];
    const page = Math.floor(this.element.clientHeight / ROW);
    const moves = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, Home: 0, End: this.rows.length - 1,
      PageDown: this.at + page, PageUp: this.at - page };
    if (event.key in moves) this.move(moves[event.key]);
    else if (!node) return;
    else if (event.key === 'Enter' || event.key === ' ') this.choose(node);
    else if (event.key === 'ArrowRight' && node.kind === 'namespace') this.expand(node).then(() => this.arrange());
    else if (event.key === 'ArrowLeft' && node.kind === 'namespace' && node.isOpen) this.collapse(node);
    else return;
    event.preventDefault();
  }
}
