# KenLM's query code (LGPL-2.1 or later) as a library, from the source that scripts/build_kenlm.sh keeps.
set(SCHATTEN_KENLM "${CMAKE_CURRENT_SOURCE_DIR}/../../.tools/kenlm/source" CACHE PATH "Source of KenLM")
if(NOT EXISTS "${SCHATTEN_KENLM}/lm/model.hh")
  message(FATAL_ERROR "  KenLM's source is missing: run scripts/build_kenlm.sh --source, or give -DSCHATTEN_KENLM=FOLDER")
endif()
file(GLOB kenlm_sources "${SCHATTEN_KENLM}/lm/*.cc" "${SCHATTEN_KENLM}/util/*.cc" "${SCHATTEN_KENLM}/util/double-conversion/*.cc")
list(FILTER kenlm_sources EXCLUDE REGEX "(test|main)\\.cc$")
add_library(kenlm STATIC ${kenlm_sources})
target_include_directories(kenlm SYSTEM PUBLIC "${SCHATTEN_KENLM}")
target_compile_definitions(kenlm PUBLIC KENLM_MAX_ORDER=6 NDEBUG)
# Sections, so that a program holds no more of a piece than it uses.
target_compile_options(kenlm PRIVATE -w -ffunction-sections -fdata-sections)
# Twelve sources are compiled as one: each reads the same headers, which take most of the time (a third of it is left). Not
# float_to_string.cc, whose names are also those of others.
set_target_properties(kenlm PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
set_source_files_properties("${SCHATTEN_KENLM}/util/float_to_string.cc" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
set_target_properties(kenlm PROPERTIES CXX_STANDARD 14) # it uses std::binary_function, which C++17 has no more
if(SCHATTEN_SANITIZE)
  target_compile_options(kenlm PRIVATE -fno-sanitize=undefined) # it reads bits where they lie, aligned or not
endif()
set(SCHATTEN_KENLM_LICENCES "${SCHATTEN_KENLM}/LICENSE" "${SCHATTEN_KENLM}/COPYING.LESSER.3")
