# What `cmake --install` gives: the library with its header, for pkg-config and find_package(schatten), and the program.
include(CMakePackageConfigHelpers)

# A static library does not name what it needs itself: the C++ library that it was compiled with (GCC's or clang's, which
# CMake knows as a name or as a file), and the C library's parts.
set(needed "")
if(NOT BUILD_SHARED_LIBS)
  set(runtime stdc++)
  if("${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES}" MATCHES "(stdc|c)\\+\\+")
    set(runtime ${CMAKE_MATCH_0})
  endif()
  set(needed -l${runtime} -lm -pthread)
endif()
target_link_libraries(schatten INTERFACE $<INSTALL_INTERFACE:${needed}>)

# The folder is found from the file's own, so that an installed tree can be moved.
list(JOIN needed " " SCHATTEN_LIBS)
file(RELATIVE_PATH SCHATTEN_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" SCHATTEN_PREFIX "${SCHATTEN_PREFIX}")
configure_file(schatten.pc.in schatten.pc @ONLY)
configure_package_config_file(schatten-config.cmake.in schatten-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/schatten)
write_basic_package_version_file(schatten-config-version.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS schatten EXPORT schatten COMPONENT library ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT schatten NAMESPACE schatten:: FILE schatten-targets.cmake COMPONENT library
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/schatten)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/schatten-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/schatten-config-version.cmake
  COMPONENT library DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/schatten)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/schatten.pc COMPONENT library DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES schatten.h COMPONENT library DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# Who hands the library on hands KenLM's query code on, and so its licence.
install(FILES ../../LICENSE ../../NOTICE COMPONENT library DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${SCHATTEN_KENLM_LICENCES} COMPONENT library DESTINATION ${CMAKE_INSTALL_DOCDIR}/kenlm)
if(SCHATTEN_PROGRAM)
  install(TARGETS schatten-recognize COMPONENT program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ../../LICENSE ../../NOTICE COMPONENT program DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(FILES ${SCHATTEN_KENLM_LICENCES} COMPONENT program DESTINATION ${CMAKE_INSTALL_DOCDIR}/kenlm)
  install(FILES "${SCHATTEN_MINIAUDIO}/LICENSE" COMPONENT program DESTINATION ${CMAKE_INSTALL_DOCDIR}/miniaudio OPTIONAL)
endif()
