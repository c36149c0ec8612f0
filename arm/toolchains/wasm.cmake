# Cross-build for WebAssembly, with the emscripten that is on the path (Debian's package, or an activated emsdk).
find_program(SCHATTEN_EMCC emcc)
if(NOT SCHATTEN_EMCC)
  message(FATAL_ERROR "  emcc is missing: apt-get install emscripten, or activate an emsdk")
endif()
get_filename_component(EMSCRIPTEN_ROOT_PATH "${SCHATTEN_EMCC}" REALPATH) # Debian's /usr/bin/emcc is a link
get_filename_component(EMSCRIPTEN_ROOT_PATH "${EMSCRIPTEN_ROOT_PATH}" DIRECTORY)
include("${EMSCRIPTEN_ROOT_PATH}/cmake/Modules/Platform/Emscripten.cmake")
