# SPDX-License-Identifier: Apache-2.0
# One INTERFACE target carries every flag, so that a preset is one cache variable away.
add_library(ct_flags INTERFACE)
target_compile_options(ct_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wformat=2 -Wundef
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi>
  # g++ 12 takes moves of std::variant and std::expected for reads of what was never set; clang and the sanitizers see the real ones.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  # Optimizing, it takes "x" + std::string for a copy that may overlap (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-Wno-restrict>
  -Werror=return-type -Werror=unused-result
  -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
target_link_options(ct_flags INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
target_include_directories(ct_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/lib)
target_compile_definitions(ct_flags INTERFACE CT_VERSION="${PROJECT_VERSION}"
  $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)

include(CheckPIESupported)
check_pie_supported()

if(CT_SANITIZE)
  target_compile_options(ct_flags INTERFACE -fsanitize=${CT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(ct_flags INTERFACE -fsanitize=${CT_SANITIZE})
endif()
if(CT_COVERAGE)
  target_compile_options(ct_flags INTERFACE --coverage -fprofile-update=atomic -O0)
  add_library(ct_coverage_exit STATIC ${CMAKE_SOURCE_DIR}/cmake/coverage_exit.c)
  target_link_options(ct_flags INTERFACE --coverage LINKER:--wrap=_exit)
  target_link_libraries(ct_flags INTERFACE ct_coverage_exit)
endif()
if(CT_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "CT_BUILD_FUZZERS needs clang: use the 'fuzz' preset.")
  endif()
  # A report ends the run, or nobody would see it.
  target_compile_options(ct_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
    -fsanitize-ignorelist=${CMAKE_SOURCE_DIR}/cmake/fuzz_ignore.txt -fno-omit-frame-pointer)
  target_link_options(ct_flags INTERFACE -fsanitize=address,undefined)
endif()
