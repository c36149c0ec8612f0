#include "language_model.h"

#include "manifest.h"

namespace schatten {

std::unique_ptr<schatten_lm> open_language_model(const schatten_lm_files &files, const Units &units) {
  if (files.manifest) {  // before KenLM reads anything
    const Manifest manifest(files.manifest);
    for (const char *file : {files.binary, files.lexicon, files.look_ahead}) {
      if (file) manifest.require_same(file);
    }
  }
  return std::make_unique<LanguageModel>(files, units);
}

}  // namespace schatten
