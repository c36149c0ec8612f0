// The errors: what two models heard in each utterance, with sound where it was kept.
const PAGE = 20; // utterances shown at once
const names = new Map(data.points.map((one) => [one.model, one.name]));
const view = {from: 0, confusion: null};
const isError = (pair) => typeof pair !== 'string';
const errorCount = (pairs) => (pairs ?? []).filter(isError).length;
const listenerName = (one) => `${names.get(one.model) ?? one.model}, ${one.precision}`;

const heardSplit = () => data.splits.find((one) => one.split === $('errors-split').value);
const heardBy = (id) => heardSplit().listeners[Number($(id).value)];

/** Confusions as [said, heard, count], the most frequent first. */
function confusionsOf(listener) {
  const counts = new Map();
  for (const pairs of Object.values(listener.errors)) {
    for (const pair of pairs.filter(isError)) {
      const key = pair.join('\t');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts].map(([key, count]) => [...key.split('\t'), count]).sort((a, b) => b[2] - a[2] || (a[0] + a[1]).localeCompare(b[0] + b[1]));
}

const spokenConfusion = ([said, was]) => (said && was ? `${said} → ${was}` : said ? `${said} missed` : `${was} added`);

function showConfusions() {
  const found = confusionsOf(heardBy('errors-first'));
  const rows = found.slice(0, 100).map(([said, was, count]) => {
    const key = `${said}\t${was}`;
    const button = element('button', {type: 'button', textContent: spokenConfusion([said, was])});
    button.setAttribute('aria-pressed', view.confusion === key);
    button.onclick = () => {
      view.confusion = view.confusion === key ? null : key;
      view.from = 0;
      showErrors();
    };
    return [button, {value: count, text: String(count)}];
  });
  const more = found.length > 100 ? `, the first 100 of ${found.length}` : '';
  $('confusions').replaceChildren(tableOf(`${found.length} kinds of errors${more}`, ['said → heard', 'times'], rows));
}

const SNRS = [[-Infinity, 5], [5, 10], [10, 15], [15, 20], [20, 25], [25, Infinity]];
const LENGTHS = [[1, 2], [3, 4], [5, 6], [7, 9], [10, 14], [15, 24], [25, Infinity]];
const UNKNOWN = 'not known (recordings)';
const GROUPS = {
  speaker: (one) => one.speaker,
  corpus: (one) => one.corpus ?? UNKNOWN,
  noise: (one) => one.noise ?? UNKNOWN,
  snr: (one) => {
    if (one.snr === null) return one.noise === null ? UNKNOWN : 'no noise added';
    const [low, high] = SNRS.find(([, end]) => one.snr < end);
    return low === -Infinity ? `below ${high} dB` : high === Infinity ? `${low} dB and more` : `${low} to ${high} dB`;
  },
  length: (one) => {
    const [low, high] = LENGTHS.find(([, end]) => one.words <= end);
    return high === Infinity ? `${low} words and more` : `${low} to ${high} words`;
  },
};

GROUPS.room = (one) => (one.room === null ? UNKNOWN : one.room ? 'reverberation added' : 'no reverberation added');

/** What errors can be grouped by in a split: only what is known of its speech, and differs in it. */
const GROUP_NAMES = [
  ['speaker', 'speaker', () => true],
  ['corpus', 'part of the corpus', (split) => unique(split.utterances.map((one) => one.corpus)).length > 1],
  ['noise', 'noise', (split) => split.utterances.some((one) => one.snr !== null)],
  ['snr', 'level above the noise (SNR)', (split) => split.utterances.some((one) => one.snr !== null)],
  ['room', 'reverberation', (split) => split.utterances.some((one) => one.room)],
  ['length', 'length in words', () => true],
];

function fillGroups() {
  const split = heardSplit();
  const before = $('errors-group').value;
  const options = GROUP_NAMES.filter(([, , isKnown]) => isKnown(split));
  const chosen = options.some(([value]) => value === before) ? before : 'speaker';
  fill($('errors-group'), options.map(([value, text]) => [value, text]), chosen);
  $('groups-note').textContent = split.utterances.some((one) => one.noise !== null) ? ''
    : 'This split has recordings. How noisy or reverberant they are is not known and not estimated, so errors are not grouped by it.';
}

function showGroups() {
  const split = heardSplit();
  const listeners = ['errors-first', 'errors-second'].map(heardBy);
  const groups = new Map();
  split.utterances.forEach((one, place) => {
    const name = GROUPS[$('errors-group').value](one);
    const group = groups.get(name) ?? {utterances: 0, words: 0, errors: [0, 0], first: one};
    group.utterances += 1;
    group.words += one.words;
    listeners.forEach((listener, n) => { group.errors[n] += errorCount(listener.errors[place]); });
    groups.set(name, group);
  });
  const order = {snr: (one) => one.first.snr ?? Infinity, length: (one) => one.first.words}[$('errors-group').value] ?? ((one) => -one.errors[0] / one.words);
  const rows = [...groups].sort(([, a], [, b]) => order(a) - order(b)).map(([name, one]) => [name, {value: one.utterances, text: String(one.utterances)},
    ...one.errors.map((errors) => ({value: errors / one.words, text: fixed(100 * errors / Math.max(1, one.words), 2)}))]);
  const heads = [$('errors-group').selectedOptions[0].textContent, 'utterances', 'first (%)', 'second (%)'];
  $('groups').replaceChildren(sortable(tableOf(`${data.rate} of both models`, heads, rows)));
}

function chosenPlaces() {
  const split = heardSplit();
  const [first, second] = ['errors-first', 'errors-second'].map(heardBy);
  const word = $('errors-search').value.trim().toLocaleLowerCase();
  const count = (place) => [errorCount(first.errors[place]), errorCount(second.errors[place])];
  const wanted = {
    either: ([a, b]) => a + b > 0, first: ([a, b]) => a > 0 && b === 0, second: ([a, b]) => a === 0 && b > 0, all: () => true,
  }[$('errors-filter').value];
  const hasWord = (place) => !word || split.utterances[place].text.toLocaleLowerCase().split(' ').includes(word)
    || [first, second].some((one) => (one.errors[place] ?? []).some((pair) => isError(pair) && pair.some((part) => part.toLocaleLowerCase() === word)));
  const hasConfusion = (place) => view.confusion === null || (first.errors[place] ?? []).some((pair) => isError(pair) && pair.join('\t') === view.confusion);
  const places = split.utterances.map((_, place) => place).filter((place) => wanted(count(place)) && hasWord(place) && hasConfusion(place));
  const key = {
    worst: (place) => -count(place)[0] - count(place)[1], length: (place) => -split.utterances[place].words, name: () => 0,
  }[$('errors-order').value];
  return places.sort((a, b) => key(a) - key(b) || a - b);
}

/** What was heard, with its differences marked by more than colour. */
function marked(pairs, text) {
  if (!pairs) return [text];
  return pairs.flatMap((pair) => {
    if (!isError(pair)) return [pair, ' '];
    const [said, was] = pair;
    if (!was) return [element('del', {className: 'gone', textContent: said, title: 'missed'}), ' '];
    if (!said) return [element('ins', {className: 'more', textContent: was, title: 'added'}), ' '];
    return [element('span', {className: 'wrong', textContent: was, title: `in place of ${said}`}), ' '];
  });
}

function utteranceItem(split, place, listeners) {
  const one = split.utterances[place];
  const noise = one.noise === null ? '' : one.noise === 'none' ? ', no noise added' : `, ${one.noise} at ${fixed(one.snr, 1)} dB`;
  const room = one.room ? ', reverberation added' : '';
  const item = element('li', {}, element('div', {className: 'note', textContent: `${one.id}, ${one.speaker}, ${fixed(one.seconds, 1)} s${noise}${room}`}));
  const heard = element('dl', {}, element('dt', {textContent: 'said'}), element('dd', {textContent: one.text}));
  for (const listener of listeners) {
    heard.append(element('dt', {textContent: `${listenerName(listener)}: ${errorCount(listener.errors[place])}`}),
      element('dd', {}, ...marked(listener.errors[place], one.text)));
  }
  item.append(heard);
  const sound = split.sounds[place];
  if (sound) {
    const player = element('audio', {controls: true, preload: 'none', src: `data:audio/ogg;base64,${sound}`});
    player.setAttribute('aria-label', `Sound of ${one.id}`);
    item.append(player);
  }
  return item;
}

function showErrors() {
  const split = heardSplit();
  const places = chosenPlaces();
  const listeners = unique(['errors-first', 'errors-second'].map(heardBy));
  view.from = Math.min(view.from, Math.max(0, PAGE * Math.floor((places.length - 1) / PAGE)));
  const shown = places.slice(view.from, view.from + PAGE);
  $('utterances').replaceChildren(...shown.map((place) => utteranceItem(split, place, listeners)));
  $('errors-count').textContent = places.length
    ? `${view.from + 1} to ${view.from + shown.length} of ${places.length} utterances` + (view.confusion === null ? '' : ` with ${spokenConfusion(view.confusion.split('\t'))}`)
    : 'No utterance is like that.';
  $('errors-less').disabled = view.from === 0;
  $('errors-more').disabled = view.from + PAGE >= places.length;
  $('sound-note').textContent = split.note;
  showConfusions();
  showGroups();
}

function startErrors() {
  fill($('errors-split'), data.splits.map((one) => [one.split, one.split]));
  const fillListeners = () => {
    const options = heardSplit().listeners.map((one, index) => [index, listenerName(one)]);
    fill($('errors-first'), options, 0);
    fill($('errors-second'), options, options.length - 1);
  };
  const restart = () => { Object.assign(view, {from: 0, confusion: null}); showErrors(); };
  fillListeners();
  fillGroups();
  $('errors-controls').addEventListener('input', (event) => {
    if (event.target === $('errors-split')) {
      fillListeners();
      fillGroups();
    }
    restart();
  });
  $('errors-group').addEventListener('input', showGroups);
  for (const [id, step] of [['errors-less', -PAGE], ['errors-more', PAGE]]) {
    $(id).onclick = () => { view.from = Math.max(0, view.from + step); showErrors(); $('errors-count').scrollIntoView(); };
  }
  showErrors();
}
