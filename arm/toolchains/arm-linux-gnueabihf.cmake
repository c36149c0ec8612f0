# Cross-build for 32-bit ARM (ARMv7) Linux.
set(TRIPLE arm-linux-gnueabihf)
set(CMAKE_SYSTEM_PROCESSOR armv7)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
