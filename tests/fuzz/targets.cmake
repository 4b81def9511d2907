# SPDX-License-Identifier: Apache-2.0
# One line per parser; the function is explained in CMakeLists.txt beside this file.
ct_fuzzer(config DEPS ct::config)
ct_fuzzer(kv_json DEPS ct::codec)
ct_fuzzer(certificates DEPS ct::crypto)
ct_fuzzer(text_codecs DEPS ct::codec)
