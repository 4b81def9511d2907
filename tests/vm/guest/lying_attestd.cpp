// SPDX-License-Identifier: Apache-2.0
// What an attacker with root puts in the place of cloudtaser-attestd. It has the machine's real TPM and the bus name, and
// twists what secretd asks of it:
//
//   replay   each answer is the first evidence that it ever made, for whatever it is asked
//   nonce    the quote is made over another value than the session's
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/collect/tpm2/settings.h"
#include "bus/connection.h"
#include "daemons/attestd/sealed.h"

namespace {

using ct::Bytes;

ct::Status serve(std::string_view lie) {
    CT_TRY(auto loop, ct::EventLoop::create());
    CT_TRY(auto connection, ct::bus::Connection::open_system("lying-attestd"));
    CT_CHECK(connection.attach(loop));
    const auto tpm = ct::attest::make_tpm2_collector({});
    std::optional<Bytes> first;

    ct::bus::Interface rows("io.cloudtaser.Attest1.Manager");
    rows.method({.name = "Introduce",
                 .in = "s",
                 .in_names = {"kind"},
                 .out = "ay",
                 .out_names = {"introduction"},
                 .access = ct::bus::Access::anyone()},
                [&](ct::bus::Call call) {
                    const auto introduction = tpm->introduction();
                    if (!introduction) return call.fail(introduction.error());
                    call.reply(*introduction);
                })
        .method({.name = "GetEvidence",
                 .in = "sayaya{sv}",
                 .in_names = {"kind", "binding", "request", "options"},
                 .out = "hts",
                 .out_names = {"evidence", "size", "media_type"},
                 .access = ct::bus::Access::anyone()},
                [&](ct::bus::Call call) {
                    const auto kind = call.read<std::string>();
                    const auto binding = call.read<Bytes>();
                    const auto request = call.read<Bytes>();
                    if (!kind || !binding || !request) return call.fail({ct::Reason::invalid_argument, "lie", 0});
                    ct::Sha512 over{};
                    std::copy_n(binding->begin(), std::min(binding->size(), over.size()), over.begin());
                    if (lie == "nonce") over[0] ^= 1;
                    auto evidence = first ? ct::Result<Bytes>(*first) : tpm->collect(*request, over);
                    if (!evidence) return call.fail(evidence.error());
                    if (lie == "replay") first = *evidence;
                    const auto sealed = ct::attestd::sealed_memfd("lie", *evidence);
                    if (!sealed) return call.fail(sealed.error());
                    call.reply(*sealed, static_cast<std::uint64_t>(evidence->size()),
                               "application/vnd.cloudtaser.evidence.tpm2+cbor");
                })
        .property({"Kinds", "as", ct::bus::Emits::change},
                  [](ct::bus::Message& reply) { return reply.append(std::vector<std::string>{"tpm2"}); });
    CT_TRY(const auto object, connection.serve("/io/cloudtaser/Attest1", rows));
    CT_CHECK(connection.request_name("io.cloudtaser.Attest1"));
    CT_TRY(const int code, loop.run());
    if (code != 0) return ct::fail(ct::Reason::internal);
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    ::setenv("TSS2_LOG", "all+none", 0);
    return argc == 2 && serve(argv[1]) ? 0 : 1;
}
