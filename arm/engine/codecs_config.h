// What is wanted of miniaudio, in every file that includes it: decoders of FLAC and MP3, and capture through ALSA where
// SCHATTEN_MICROPHONE is defined. ALSA's library is opened at run time.
#ifndef SCHATTEN_ENGINE_CODECS_CONFIG_H
#define SCHATTEN_ENGINE_CODECS_CONFIG_H

#define MA_NO_ENCODING
#define MA_NO_WAV
#define MA_NO_ENGINE
#define MA_NO_NODE_GRAPH
#define MA_NO_RESOURCE_MANAGER
#define MA_NO_GENERATION
#ifdef SCHATTEN_MICROPHONE
#define MA_ENABLE_ONLY_SPECIFIC_BACKENDS
#define MA_ENABLE_ALSA
#else
#define MA_NO_DEVICE_IO
#define MA_NO_RUNTIME_LINKING
#define MA_NO_THREADING
#endif

#endif
