// The model and the language model that a test program is given: PROGRAM MODEL [LM LEXICON]
#ifndef SCHATTEN_TESTS_GIVEN_H
#define SCHATTEN_TESTS_GIVEN_H

#include <stdio.h>

#include "schatten.h"

struct Given {
  schatten_model *model = nullptr;
  schatten_lm *lm = nullptr;  // none where none was given

  Given(int count, char **arguments) {
    char error[512] = "give MODEL [LM LEXICON]";
    if (count > 1) model = schatten_model_open(arguments[1], error, sizeof error);
    if (model && count > 3) {
      const schatten_lm_files files{arguments[2], arguments[3], nullptr, nullptr};
      lm = schatten_lm_open(model, &files, error, sizeof error);
    }
    whole_ = model && (lm || count <= 3);
    if (!whole_) fprintf(stderr, "%s\n", error);
  }
  Given(const Given &) = delete;
  Given &operator=(const Given &) = delete;
  ~Given() {
    if (lm) schatten_lm_close(lm);
    if (model) schatten_model_close(model);
  }

  // Whether all that was named could be opened; if not, it was said why.
  explicit operator bool() const { return whole_; }

 private:
  bool whole_ = false;
};

#endif
