// The explorer: points by axes and filters, and the models that fit a board.
const AXES = {
  megabytes_with_lm: 'model and language model (MB)',
  megabytes: 'model (MB)',
  parameters: 'parameters (million)',
  wer: `${data.rate} (%)`,
  peak_megabytes: 'peak memory, measured here (MB)',
  speed_up: 'speed-up over real time, measured here',
  megahertz: 'clock of a Cortex-A53, modelled (MHz)',
  latency_ms: 'latency, algorithmic (ms)',
  training_minutes: 'training time (minutes)',
};
const points = data.points.map((point, id) => ({
  ...point, id, training_minutes: point.training_seconds / 60,
  peak_megabytes: point.shipped?.peak_megabytes ?? null, speed_up: point.shipped?.speed_up ?? null,
  megahertz: point.shipped?.megahertz ?? null, latency_ms: point.shipped?.latency_ms ?? null,
}));
const shippedBy = new Map(points.filter((one) => one.shipped).map((one) => [`${one.split} ${one.model}`, one.shipped]));
const FILTERS = {technique: 'technique-filter', precision: 'precision-filter', lm: 'lm-filter'};

/** A slider's place, 0 to 1000, as a value between two ends, evenly in its logarithm. */
const onScale = (place, [low, high]) => low * (high / low) ** (place / 1000);
const needsOf = (shipped) => ({memory: shipped.peak_megabytes ?? shipped.megabytes, clock: shipped.megahertz});
const known = [...shippedBy.values()].map(needsOf);
const MEMORY = [0.5 * Math.min(...known.map((one) => one.memory)), 1.2 * Math.max(...known.map((one) => one.memory))];
const CLOCK = [1, 2000];

function board() {
  return {memory: onScale($('memory').value, MEMORY), clock: onScale($('clock').value, CLOCK), share: $('share').value / 100};
}

function fits(shipped, {memory, clock, share}) {
  const needs = needsOf(shipped);
  return needs.memory <= memory && needs.clock <= clock * share;
}

const chosen = (name) => [...$(FILTERS[name]).querySelectorAll('input:checked')].map((one) => one.value);

function visible() {
  const allowed = Object.fromEntries(Object.keys(FILTERS).map((name) => [name, new Set(chosen(name))]));
  const has = $('board') ? board() : null;
  return points
    .filter((one) => one.split === $('split-choice').value && Object.keys(FILTERS).every((name) => allowed[name].has(one[name])))
    .map((one) => {
      const shipped = shippedBy.get(`${one.split} ${one.model}`);
      return {...one, fits: has === null || shipped === undefined || fits(shipped, has)};
    });
}

function explorerSpecification() {
  const [x, y] = [$('x-choice').value, $('y-choice').value];
  const rows = visible().filter((one) => one[x] !== null && one[y] !== null);
  const specification = structuredClone(data.explorer);
  specification.datasets = {models: rows.map((one) => ({...one, shipped: undefined, told: `${one.name}, ${one.precision}`}))};
  const [intervals, marks] = specification.layer;
  const scale = (name) => (name === 'x' && $('x-log').checked ? {type: 'log'} : {zero: false});
  const axis = (name, field) => ({field, type: 'quantitative', title: AXES[field], scale: scale(name)});
  Object.assign(marks.encoding, {x: axis('x', x), y: axis('y', y), tooltip: tooltips(x, y)});
  if (y === 'wer') Object.assign(intervals.encoding, {x: axis('x', x), y: {...axis('y', 'low'), title: AXES.wer}, y2: {field: 'high'}});
  else if (x === 'wer') {
    Object.assign(intervals.encoding, {y: axis('y', y), x: {...axis('x', 'low'), title: AXES.wer}, x2: {field: 'high'}});
    delete intervals.encoding.y2;
  } else specification.layer = [marks];
  return specification;
}

function tooltips(x, y) {
  const of = (field, title, format) => ({field, title, ...(format ? {type: 'quantitative', format} : {type: 'nominal'})});
  const axes = unique([x, y]).filter((one) => one !== 'wer').map((one) => of(one, AXES[one], '.4~f'));
  return [of('told', 'model'), of('technique', 'technique'), of('lm', 'language model'), of('wer', AXES.wer, '.2f'),
    of('low', 'interval from', '.2f'), of('high', 'to', '.2f'), of('verdict', 'verdict'), ...axes];
}

function updateChart() {
  draw($('explorer-chart'), explorerSpecification);
  const rows = visible();
  const [x, y] = [$('x-choice').value, $('y-choice').value];
  const without = rows.filter((one) => one[x] === null || one[y] === null).length;
  const away = rows.filter((one) => !one.fits).length;
  $('explorer-caption').textContent = `${rows.length - without} of ${rows.length} points are shown`
    + (without ? `; ${without} have no such number (speed, memory and latency belong to a bundle)` : '')
    + (away ? `; ${away} faint ones do not fit the board` : '') + '.';
  listPoints(rows);
}

function listPoints(rows) {
  const value = (number, digits) => ({value: number, text: fixed(number, digits)});
  const difference = (one) => (one.difference ? {value: one.difference[0], text: `${fixed(one.difference[0], 2)} [${fixed(one.difference[1], 2)}, ${fixed(one.difference[2], 2)}]`} : {value: null, text: '–'});
  const heads = ['model', 'technique', 'precision', 'language model', `${data.rate} (%)`, 'from', 'to', 'minus baseline', 'verdict', 'params (M)', 'MB', 'MB with LM',
    'memory (MB)', 'speed-up', 'MHz, modelled', 'latency (ms)', 'training (min)'];
  const table = tableOf(`Models on ${$('split-choice').value}`, heads, rows.map((one) => [one.name, one.technique, one.precision, one.lm,
    value(one.wer, 2), value(one.low, 2), value(one.high, 2), difference(one), one.verdict || '–', value(one.parameters, 3), value(one.megabytes, 2), value(one.megabytes_with_lm, 2),
    value(one.peak_megabytes, 1), value(one.speed_up, 0), value(one.megahertz, 1), value(one.latency_ms, 0), value(one.training_minutes, 2)]));
  [...table.tBodies[0].rows].forEach((row, index) => { row.className = rows[index].fits ? '' : 'note'; });
  $('points-table').replaceChildren(sortable(table));
}

function updateAnswer() {
  if (!$('board')) return;
  const has = board();
  $('memory-value').textContent = megabytes(has.memory);
  $('clock-value').textContent = has.clock.toFixed(0);
  $('share-value').textContent = $('share').value;
  for (const [id, unit] of [['memory', 'MB'], ['clock', 'MHz'], ['share', '%']]) $(id).setAttribute('aria-valuetext', `${$(`${id}-value`).textContent} ${unit}`);
  const split = $('split-choice').value;
  const bundles = points.filter((one) => one.split === split && one.shipped);
  const fitting = bundles.filter((one) => fits(one.shipped, has)).sort((a, b) => onDev(a) - onDev(b) || a.shipped.megabytes - b.shipped.megabytes);
  $('answer').replaceChildren(...(fitting.length ? fit(fitting, bundles) : [element('p', {}, nothingFits(bundles, has))]));
}

/** Models are chosen on dev, so that the test remains one; test stands in where dev is not known. */
const onDev = (one) => one.shipped.dev_wer ?? one.wer;

function fit(fitting, bundles) {
  const [best] = fitting;
  const {shipped} = best;
  const numbers = [`${fixed(best.wer, 2)} % ${data.rate} [${fixed(best.low, 2)}, ${fixed(best.high, 2)}] on ${best.split}`,
    `bundle of ${megabytes(shipped.megabytes)} MB`];
  if (shipped.peak_megabytes !== null) numbers.push(`${megabytes(shipped.peak_megabytes)} MB of memory (measured here)`);
  if (shipped.speed_up !== null) numbers.push(`${fixed(shipped.speed_up, 0)} times real time (measured here)`);
  numbers.push(`at least ${fixed(shipped.megahertz, 1)} MHz (modelled)`);
  const devices = shipped.boards.map((one) => `${one.title}: ${one.is_modelled ? 'at most ' : ''}${fixed(one.speed_up, 1)} times real time (${one.is_modelled ? 'modelled' : 'measured'})`);
  return [
    element('p', {}, `${fitting.length} of ${bundles.length} models fit. The best of them on ${shipped.dev_wer === null ? best.split : 'dev'} is `, element('strong', {textContent: best.name}),
      `: ${[...numbers, ...devices].join(', ')}.${best.note ? ` ${best.note}.` : ''}`),
    element('p', {}, 'Bundle: ', element('code', {id: 'answer-bundle', textContent: shipped.path})),
    element('pre', {}, element('code', {id: 'answer-command', textContent: `schatten try --bundle ${quoted(shipped.path)}    # here, with a microphone\n${quoted(`${shipped.path}/recognize.sh`)} FILE.wav    # the copied folder on the board, with schatten-recognize on PATH`})),
  ];
}

const quoted = (path) => (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`);

function nothingFits(bundles, has) {
  const smallest = Math.min(...bundles.map((one) => needsOf(one.shipped).memory));
  const slowest = Math.min(...bundles.map((one) => needsOf(one.shipped).clock)) / has.share;
  return `No model fits. The smallest needs ${megabytes(smallest)} MB; the quickest ${fixed(slowest, 1)} MHz at this share of a core (modelled).`;
}

function startExplorer() {
  if (!points.length) {
    $('explorer-caption').textContent = 'No model has an error rate of words: units alone were scored.';
    return;
  }
  const splits = unique(points.map((one) => one.split));
  fill($('split-choice'), splits.map((one) => [one, one]));
  const there = Object.keys(AXES).filter((name) => points.some((one) => one[name] !== null));
  fill($('x-choice'), there.map((name) => [name, AXES[name]]), there.includes('megabytes_with_lm') ? 'megabytes_with_lm' : 'megabytes');
  fill($('y-choice'), there.map((name) => [name, AXES[name]]), 'wer');
  for (const [name, id] of Object.entries(FILTERS)) {
    for (const value of unique(points.map((one) => one[name]))) {
      const box = element('input', {type: 'checkbox', value, checked: name !== 'lm' || value !== 'none' || !points.some((one) => one.lm !== 'none')});
      $(id).append(element('label', {}, box, value === 'none' && name === 'lm' ? 'none (greedy)' : value));
    }
  }
  const update = () => { updateAnswer(); updateChart(); };
  let waiting = 0; // a slider fires many times: the chart follows when it rests
  const soon = () => { updateAnswer(); clearTimeout(waiting); waiting = setTimeout(updateChart, 120); };
  $('explorer-controls').addEventListener('input', update);
  $('board')?.addEventListener('input', soon);
  update();
}
