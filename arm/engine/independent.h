// Before a loop whose turns touch places of their own, so that it may become vectors. clang warns where it makes none.
#ifndef SCHATTEN_ENGINE_INDEPENDENT_H
#define SCHATTEN_ENGINE_INDEPENDENT_H

#ifdef __clang__
#define SCHATTEN_INDEPENDENT
#else
#define SCHATTEN_INDEPENDENT _Pragma("GCC ivdep")
#endif

#endif
