// Tables that sort by a click on a heading; once more turns the order.
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.hidden) return;
    const button = element('button', {type: 'button', textContent: head.textContent});
    head.replaceChildren(button);
    button.onclick = () => {
      const isUp = head.getAttribute('aria-sort') !== 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', isUp ? 'ascending' : 'descending');
      const rows = [...table.tBodies[0].rows].map((row) => [sortKey(row.cells[column]), row]);
      rows.sort(([a], [b]) => compareKeys(a, b, isUp));
      table.tBodies[0].append(...rows.map(([, row]) => row));
    };
  });
  return table;
}

function sortKey(cell) {
  const raw = (cell.dataset.raw ?? cell.textContent).split('\t')[0].trim();
  return raw === '' || raw === '–' || Number.isNaN(Number(raw)) ? raw : Number(raw);
}

/** Empty cells come last in both orders. */
function compareKeys(a, b, isUp) {
  const empty = (key) => key === '' || key === '–';
  if (empty(a) || empty(b)) return empty(a) - empty(b);
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', {numeric: true});
  return isUp ? order : -order;
}

for (const table of document.querySelectorAll('table')) sortable(table);
