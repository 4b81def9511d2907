# SPDX-License-Identifier: Apache-2.0
# ct_daemon(NAME CORE core.cpp ... SOURCES main.cpp ... DEPS ct::x ... [CORE_DEPS ct::y ...])
#
# Declares ct_NAME_core (the decisions, linkable by unit tests) and the binary cloudtaser-NAME, installed in libexec.
# Both stand on floor 4; daemons never link each other.
function(ct_daemon name)
  cmake_parse_arguments(A "" "" "CORE;SOURCES;DEPS;CORE_DEPS" ${ARGN})
  add_library(ct_${name}_core STATIC ${A_CORE})
  add_library(ct::${name}_core ALIAS ct_${name}_core)
  set_target_properties(ct_${name}_core PROPERTIES CT_FLOOR 4)
  target_link_libraries(ct_${name}_core PUBLIC ct_flags)
  ct_link(ct_${name}_core 4 ${A_CORE_DEPS})
  add_executable(cloudtaser-${name} ${A_SOURCES})
  set_target_properties(cloudtaser-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  target_link_libraries(cloudtaser-${name} PRIVATE ct_${name}_core)
  foreach(dep IN LISTS A_DEPS)
    ct_link(cloudtaser-${name} 4 ${dep})
  endforeach()
  install(TARGETS cloudtaser-${name} DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/cloudtaser)
endfunction()
