// The data of the page, and what its parts share.
const data = JSON.parse(document.getElementById('data-json').textContent);
const $ = (id) => document.getElementById(id);
const unique = (values) => [...new Set(values)];

/** Returns an element with properties and children; text becomes text, never HTML. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => element('option', {value, textContent: text})));
  if (chosen !== undefined) select.value = chosen;
}

const fixed = (value, digits) => (value === null || value === undefined || Number.isNaN(value) ? '–' : value.toFixed(digits));
const megabytes = (value) => fixed(value, value < 10 ? 2 : 1);

/** Returns a table of rows of cells: texts, numbers ({text, value}) or elements. */
function tableOf(caption, heads, rows) {
  const number = (index) => (rows.length && typeof rows[0][index] === 'object' && rows[0][index] !== null && 'value' in rows[0][index] ? 'number' : '');
  const cell = (one, index) => {
    if (one instanceof Node) return element('td', {}, one);
    if (typeof one !== 'object') return element('td', {textContent: one});
    const made = element('td', {textContent: one.text, className: number(index)});
    made.dataset.raw = one.value ?? '';
    return made;
  };
  const head = element('tr', {}, ...heads.map((text, index) => element('th', {scope: 'col', textContent: text, className: number(index)})));
  return element('table', {}, element('caption', {textContent: caption}), element('thead', {}, head),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map(cell)))));
}
