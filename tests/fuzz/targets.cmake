# SPDX-License-Identifier: Apache-2.0
# One line per parser; the function is explained in CMakeLists.txt beside this file.
ct_fuzzer(config DEPS ct::config)
ct_fuzzer(kv_json DEPS ct::openbao)
ct_fuzzer(http_response DEPS ct_test_support ct::openbao OpenSSL::SSL)
ct_fuzzer(certificates DEPS ct::crypto)
ct_fuzzer(text_codecs DEPS ct::codec)
ct_fuzzer(cbor DEPS ct::codec)
ct_fuzzer(event_log DEPS ct::evidence)
ct_fuzzer(protocol_messages DEPS ct::protocol)
ct_fuzzer(tpm2_bundle DEPS ct::evidence)
ct_fuzzer(tpm_attest DEPS ct::evidence)
ct_fuzzer(tpm_public DEPS ct::evidence)
