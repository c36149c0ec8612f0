// Sound that comes live on standard input ends with Ctrl-C.
#ifndef SCHATTEN_ENGINE_LIVE_H
#define SCHATTEN_ENGINE_LIVE_H

namespace schatten {

// From here on a first SIGINT is the end of standard input, unless SIGINT is ignored; a second one ends the program.
void end_input_on_interrupt();

// Whether the input ended so.
bool was_interrupted();

}  // namespace schatten
#endif
