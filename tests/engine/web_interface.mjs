// What schatten.js promises beside the words: node web_interface.mjs FOLDER BUNDLE PCM. Fails with an assertion.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';

const [folder, bundle, pcm] = process.argv.slice(2);
const {EngineError, Recognizer, SAMPLE_RATE} = await import(new URL('schatten.js', pathToFileURL(`${folder}/`)));
const read = (name) => Uint8Array.from(readFileSync(`${bundle}/${name}`)).buffer;
const files = {model: read('model.gguf'), lm: read('lm.bin'), lexicon: read('lexicon.txt'), manifest: read('manifest.json')};
const bytes = readFileSync(pcm);
const sound = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const says = (kind, pattern) => (error) => error instanceof kind && pattern.test(error.message);

// A recognizer and what it is.
const recognizer = await Recognizer.open(files, {lm_weight: 0.5});
const manifest = JSON.parse(readFileSync(`${bundle}/manifest.json`, 'utf8'));
assert.deepEqual(recognizer.search, {temperature: 1, ...manifest.search, lm_weight: 0.5});
assert.deepEqual(recognizer.info.units.slice(0, 2), ['<blank>', ' ']);
assert.equal(recognizer.info.isInt8, true);
assert.equal(recognizer.vocabulary.words, readFileSync(`${bundle}/lexicon.txt`, 'utf8').trim().split('\n').length);
const alone = await Recognizer.open({model: files.model});
assert.equal(alone.vocabulary, null);
assert.equal(alone.recognize(sound).score, 0);

// Files that cannot be used.
const damaged = new Uint8Array(files.lm.slice(0));
damaged[damaged.length - 1] ^= 1;
const later = new TextEncoder().encode(JSON.stringify({...manifest, schatten_bundle: 3}));
const withGate = (gate) => new TextEncoder().encode(JSON.stringify({...manifest, schatten_bundle: 2, gate}));
const strange = withGate({decibels: 8, evidence: 2});
for (const [changed, kind, pattern] of [
  [{lm: damaged}, EngineError, /lm\.bin is not the file that manifest\.json names/],
  [{model: damaged}, EngineError, /^model\.gguf has/],
  [{manifest: strange}, EngineError, /thresholds of the gate that are no numbers/],
  [{manifest: later}, EngineError, /of a later version/],
  [{manifest: new Uint8Array(3)}, EngineError, /manifest\.json is damaged/],
  [{manifest: null, model: damaged}, EngineError, /is no GGUF file/],
  [{lexicon: null}, TypeError, /lm and lexicon go together/],
  [{model: null}, TypeError, /a model is missing/],
  [{model: 'model.gguf'}, TypeError, /model is no ArrayBuffer/],
]) {
  await assert.rejects(Recognizer.open({...files, ...changed}), says(kind, pattern));
}
await assert.rejects(Recognizer.open(files, {lm_wait: 1}), says(TypeError, /lm_wait: no such setting; there are lm_weight, /));
assert.throws(() => recognizer.stream({batch: 9}), EngineError);

// The gate has the bundle's thresholds, and is off unless it is asked for.
const strict = await Recognizer.open({...files, manifest: withGate({decibels: 8, evidence: 1})});
assert.deepEqual(recognizer.gate, {decibels: 8, evidence: 0.5});
assert.deepEqual(strict.gate, {decibels: 8, evidence: 1});
assert.notEqual(strict.recognize(sound).text, '');
assert.deepEqual(strict.recognize(sound), (await Recognizer.open(files)).recognize(sound));
assert.equal(strict.recognize(sound, {gate: true}).text, '');
assert.notEqual(strict.recognize(sound, {gate: {decibels: 0, evidence: 0}}).text, '');
assert.throws(() => strict.stream({gate: {decibels: 8, evidence: 2}}), says(EngineError, /gate_evidence must be 0 to 1/));
const asleep = strict.stream({gate: true});
asleep.accept(new Int16Array(5 * SAMPLE_RATE));
assert.equal(recognizer.stream().statistics.asleepSeconds, 0);
assert.ok(asleep.statistics.asleepSeconds >= 0 && asleep.statistics.asleepSeconds <= 5);

// Streams are independent, and text grows.
const frames = [[], []];
const streams = frames.map((heard) => recognizer.stream({onLogprobs: (values) => heard.push(values)}));
streams[0].accept(sound);
streams[1].accept(sound.subarray(0, SAMPLE_RATE));
assert.ok(streams[1].text.length < streams[0].text.length && streams[1].text !== '');
assert.equal(streams[0].words.map((word) => word.text).join(' '), streams[0].text);
assert.equal(streams[0].words[0].confidence, null);
const texts = streams.map((stream) => stream.finish().text);
assert.ok(frames[0].length > frames[1].length && frames[1].length > 0);
assert.equal(frames[0][0].length, recognizer.info.units.length);
assert.deepEqual(frames[0][0], frames[1][0]);
assert.equal(streams[0].statistics.audioSeconds, 2);
assert.equal(streams[0].text, '');
streams[0].accept(sound);
const again = streams[0].finish();
assert.equal(again.text, texts[0]);
assert.ok(again.words[0].start >= 2, 'times count from the start of the stream');

// Samples that cannot be used, after which a new utterance begins.
assert.throws(() => streams[0].accept(new Float64Array(9)), says(TypeError, /Float32Array in -1\.\.1 or an Int16Array/));
assert.throws(() => streams[0].accept(Float32Array.from(sound)), says(EngineError, /divide samples/));
streams[0].accept(sound);
assert.equal(streams[0].finish().text, texts[0]);

// Words of one's own.
const [known] = again.words.map((word) => word.text);
streams[0].setWords(`${known}\t\t-50\n`);
streams[0].accept(sound);
assert.ok(!streams[0].finish().words.some((word) => word.text === known));
streams[0].setWords(null);
streams[0].accept(sound);
assert.equal(streams[0].finish().text, texts[0]);
assert.throws(() => recognizer.stream({words: `${known}\t\tloud\n`}), says(EngineError, /line 1/));
for (const stream of streams) stream.close();
console.log('good');
