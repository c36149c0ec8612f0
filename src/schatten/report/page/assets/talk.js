// Talk to it: the engine in WebAssembly with the bundles of two models, from the data of the page.
const talkData = JSON.parse($('talk-json').textContent);
const SILENCE = 0.8; // seconds that end an utterance

async function unpacked(base64) {
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());
}

function packed(bytes) {
  let text = '';
  for (let from = 0; from < bytes.length; from += 8192) text += String.fromCharCode(...bytes.subarray(from, from + 8192));
  return btoa(text);
}

/** Modules from a page on disk: only `data:` addresses may be imported there, also by a worklet. */
async function loadEngine() {
  const texts = {};
  for (const name of ['schatten-engine.js', 'schatten.js', 'microphone.js', 'worklet.js']) texts[name] = new TextDecoder().decode(await unpacked(talkData.engine[name]));
  const address = (name, ...imports) => {
    const text = imports.reduce((sum, [from, to]) => sum.replaceAll(`'./${from}'`, `'${to}'`), texts[name]);
    return `data:text/javascript;base64,${packed(new TextEncoder().encode(text))}`;
  };
  const engine = address('schatten-engine.js');
  const main = address('schatten.js', ['schatten-engine.js', engine]);
  const microphone = address('microphone.js', ['schatten.js', main]);
  const [{Recognizer, SAMPLE_RATE}, {listen}] = await Promise.all([import(main), import(microphone)]);
  return {Recognizer, SAMPLE_RATE, listen, worklet: address('worklet.js'), wasm: await unpacked(talkData.engine['schatten-engine.wasm'])};
}

let loading = null; // a promise: the engine is compiled once
const opened = new Map(); // promises of recognizers by model

async function recognizerOf(model) {
  loading ??= loadEngine();
  const engine = await loading;
  if (!opened.has(model)) {
    opened.set(model, (async () => {
      const entries = Object.entries(talkData.bundles[model]).map(async ([name, sum]) => [name, await unpacked(talkData.files[sum])]);
      return engine.Recognizer.open(Object.fromEntries(await Promise.all(entries)), {wasm: engine.wasm});
    })());
  }
  return opened.get(model);
}

const SIDES = ['first', 'second'];
const sayState = (text) => { $('talk-state').textContent = text; };

function addSaid(side, {text}) {
  $(`talk-${side}-partial`).textContent = '';
  if (text) $(`talk-${side}-said`).append(element('li', {textContent: text}));
}

/** Both models as one stream for the microphone; each shows its own texts. */
class Both {
  constructor(streams) {
    this.streams = streams;
  }

  accept(samples) {
    this.streams.forEach((stream, n) => {
      for (const utterance of stream.accept(samples)) addSaid(SIDES[n], utterance);
      $(`talk-${SIDES[n]}-partial`).textContent = stream.text;
    });
    return [];
  }

  get text() {
    return '';
  }

  finish() {
    this.streams.forEach((stream, n) => addSaid(SIDES[n], stream.finish()));
    return {text: ''};
  }

  close() {
    for (const stream of this.streams) stream.close();
  }
}

async function bothRecognizers() {
  sayState('Loading …');
  const models = SIDES.map((side) => $(`talk-${side}`).value);
  for (const [n, side] of SIDES.entries()) $(`talk-${side}-title`).textContent = names.get(models[n]) ?? models[n];
  return Promise.all(models.map(recognizerOf));
}

let hearing = null;

async function toggleListening() {
  $('listen').disabled = true;
  try {
    if (hearing) {
      await hearing.microphone.stop();
      hearing.both.close();
      hearing = null;
      sayState('Ready.');
    } else {
      const recognizers = await bothRecognizers();
      const {listen, worklet} = await loading;
      const both = new Both(recognizers.map((one) => one.stream({silence: SILENCE})));
      const microphone = await listen(both, {worklet, onError: (error) => sayState(error.message)});
      hearing = {both, microphone};
      sayState('Listening …');
    }
  } catch (error) {
    sayState(`The microphone cannot be heard: ${error.message}`);
  }
  $('listen').textContent = hearing ? 'Stop' : 'Listen';
  for (const side of SIDES) $(`talk-${side}`).disabled = hearing !== null;
  $('listen').disabled = false;
}

async function recognizeFile(file) {
  try {
    const recognizers = await bothRecognizers();
    const {SAMPLE_RATE} = await loading;
    const sound = await new OfflineAudioContext(1, 1, SAMPLE_RATE).decodeAudioData(await file.arrayBuffer());
    const channels = Array.from({length: sound.numberOfChannels}, (_, n) => sound.getChannelData(n));
    const mean = channels[0].map((_, n) => channels.reduce((sum, one) => sum + one[n], 0) / channels.length);
    const said = recognizers.map((recognizer, n) => {
      const before = performance.now();
      addSaid(SIDES[n], recognizer.recognize(mean));
      return `${fixed((performance.now() - before) / 1000, 2)} s`;
    });
    sayState(`${file.name}: ${fixed(sound.duration, 1)} s of sound in ${said.join(' and ')}.`);
  } catch (error) {
    sayState(`${file.name} cannot be used: ${error.message}`);
  }
}

function startTalk() {
  const models = Object.keys(talkData.bundles ?? {});
  if (!models.length) return;
  const options = models.map((one) => [one, names.get(one) ?? one]);
  fill($('talk-first'), options, models[0]);
  fill($('talk-second'), options, models.at(-1));
  $('listen').onclick = toggleListening;
  $('recording').onchange = () => $('recording').files.length && recognizeFile($('recording').files[0]);
  const drop = $('drop');
  const over = (isOver) => (event) => { event.preventDefault(); drop.classList.toggle('over', isOver); };
  drop.addEventListener('dragover', over(true));
  drop.addEventListener('dragleave', over(false));
  drop.addEventListener('drop', (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length) recognizeFile(event.dataTransfer.files[0]);
  });
  sayState('Ready.');
}

startExplorer();
startErrors();
startTalk();
