// SPDX-License-Identifier: Apache-2.0
// Known answers of docs/binding.md, computed there by another program.
#include "attest/protocol/binding.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "attest/protocol/messages.h"
#include "codec/hex.h"
#include "crypto/digest.h"

namespace ct::attest {
namespace {

template <std::size_t N>
ByteArray<N> counting_from(std::uint8_t first) {
    ByteArray<N> out;
    for (auto& byte : out)
        byte = first++;
    return out;
}

BindingInputs sample() {
    return {.role = "node",
            .challenge = counting_from<32>(0),
            .exporter = counting_from<32>(32),
            .node_spki = counting_from<32>(64),
            .gate_spki = counting_from<32>(96),
            .sealing_key = counting_from<32>(128),
            .workload = "payments",
            .identity = counting_from<32>(160),
            .policy_epoch = 7};
}

TEST(Binding, AnswersAsDocumented) {
    EXPECT_EQ(hex_encode(binding_value(sample())),
              "45034495e4b3cde9cc1d0d48fdc5ba1aaeae861797dfd2443cea9f9767859e4e"
              "8eb87388d3fb8dab68bcf83ba83d4e185d66d89e6276216a4721202ce312ef64");
}

TEST(Binding, AnswersAsDocumentedForEmptyFields) {
    EXPECT_EQ(hex_encode(binding_value({})),
              "4259cc1d84aa85a8e86070a2f9f604caea87ff7283243d7f2ace8561ee6eb95a"
              "f3fd37d688b1d7db7ff8c43c38dab9bdeb72453d5393bf2ec3e26fbb3915102f");
}

TEST(Binding, AnswersAsDocumentedForADigestedIdentityAndTheLastEpoch) {
    const Identity identity{1000, "payments.service", crypto::sha256({})};
    EXPECT_EQ(hex_encode(encode_identity(identity)),
              "a3001903e801707061796d656e74732e7365727669636502"
              "5820e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    BindingInputs inputs = sample();
    inputs.identity = crypto::sha256(encode_identity(identity));
    inputs.policy_epoch = UINT64_MAX;
    EXPECT_EQ(hex_encode(binding_value(inputs)),
              "483a1283dbf327819f258253b58d7453fc5b5e1c6ea84e87722f575e2ca4199f"
              "462236478719200a4db8af9aebf61a5150d4c9923833116e9572d73c3be02b27");
}

TEST(Binding, ChangesWithEveryField) {
    const std::vector<std::function<void(BindingInputs&)>> changes{
        [](auto& in) { in.role = "gate"; },
        [](auto& in) { in.challenge[31] ^= 1; },
        [](auto& in) { in.exporter[0] ^= 1; },
        [](auto& in) { in.node_spki[0] ^= 1; },
        [](auto& in) { in.gate_spki[0] ^= 1; },
        [](auto& in) { in.sealing_key[0] ^= 1; },
        [](auto& in) { in.workload = "payment"; },
        [](auto& in) { in.identity[0] ^= 1; },
        [](auto& in) { in.policy_epoch = 8; },
        [](auto& in) { std::swap(in.node_spki, in.gate_spki); },  // reflection
    };
    const Sha512 original = binding_value(sample());
    for (std::size_t i = 0; i < changes.size(); ++i) {
        BindingInputs changed = sample();
        changes[i](changed);
        EXPECT_NE(binding_value(changed), original) << "change " << i;
    }
}

TEST(Binding, NamesAnIdentityWithoutUnitOrExecutable) { EXPECT_EQ(hex_encode(encode_identity({})), "a200000160"); }

}  // namespace
}  // namespace ct::attest
