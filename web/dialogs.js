// Whatever changes something asks first, says what it does, and shows the server's own sentence where
// it was refused.

import { h, failure, show } from './dom.js';

const dialog = document.getElementById('dialog');

// fields: [{name, label, value}]; act(values) does it. True once it was done.
export function ask({ title, text, verb, isDangerous, fields = [], act }) {
  return new Promise(resolve => {
    const inputs = fields.map(field => [field.name, h('input', { value: field.value || '', id: `field-${field.name}` }), field.label]);
    const problem = h('div');
    const go = h('button', { class: isDangerous ? 'danger' : 'main', type: 'submit' }, verb);
    const form = h('form', { method: 'dialog', onsubmit: async event => {
      event.preventDefault();
      go.disabled = true;
      try {
        await act(Object.fromEntries(inputs.map(([name, input]) => [name, input.value])));
        dialog.close('done');
      } catch (error) {
        problem.replaceChildren(failure(error));
        go.disabled = false;
      }
    } },
    h('h2', { id: 'dialog-title' }, title), h('p', { class: 'wrap' }, show(text, 2000)),
    inputs.map(([name, input, label]) => h('p', {}, h('label', { for: `field-${name}` }, label, h('br'), input))),
    problem,
    h('div', { class: 'row' }, go, h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel')));
    dialog.replaceChildren(form);
    dialog.returnValue = '';
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'done'), { once: true });
    dialog.showModal();
  });
}
