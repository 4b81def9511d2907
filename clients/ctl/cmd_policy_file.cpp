// SPDX-License-Identifier: Apache-2.0
// A policy as one file that several people sign: none of them changes alone what a gate allows.
#include "attest/judge/policy_bundle.h"
#include "attest/judge/policy_files.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/signed_file.h"
#include "codec/hex.h"
#include "codec/timestamp.h"

namespace ct::ctl {
namespace {

void show(const judge::PolicyBundle& bundle, const judge::Policy& policy, Output& out) {
    out.field("Serial", std::to_string(bundle.serial));
    out.field("Made", time_text(bundle.made));
    out.field("Policy", "in order: epoch " + std::to_string(policy.epoch()));
    out.field("SHA-256", hex_encode(policy.hash()));
    out.json().key("serial").number(static_cast<std::int64_t>(bundle.serial));
    out.json().key("made").string(format_timestamp(bundle.made));
    out.json().key("epoch").number(static_cast<std::int64_t>(policy.epoch()));
    out.json().key("sha256").string(hex_encode(policy.hash()));
    out.json().key("files").begin_array();
    for (const auto& file : bundle.files) {
        out.field("File", file.name + ", " + std::to_string(file.text.size()) + " bytes");
        out.json().string(file.name);
    }
    out.json().end_array();
}

}  // namespace

Result<int> policy_pack(const PolicyPackOptions& options, WallTime now, Output& out) {
    judge::PolicyBundle bundle;
    CT_TRY(bundle.files, judge::read_policy_files(options.folder));
    CT_TRY(const auto policy, judge::Policy::parse(bundle.files));  // what a gate would refuse is not packed
    bundle.made = std::chrono::floor<Seconds>(now);
    bundle.serial =
        options.serial != 0 ? options.serial : static_cast<std::uint64_t>(bundle.made.time_since_epoch() / Seconds(1));
    const attest::Envelope envelope{judge::encode(bundle), {}};
    CT_CHECK(judge::decode_policy_bundle(envelope.payload));
    CT_CHECK(write_signed(options.file, envelope));
    out.json().begin_object().key("file").string(options.file);
    show(bundle, policy, out);
    out.json().end_object();
    out.line();
    out.line("Nobody has signed it yet: cloudtaserctl policy sign " + options.file + " --key KEY");
    return 0;
}

Result<int> policy_sign(const SignOptions& options, Output& out) {
    CT_TRY(const auto envelope, read_signed(options.file));
    CT_TRY(const auto bundle, judge::decode_policy_bundle(envelope.payload));
    CT_CHECK(judge::Policy::parse(bundle.files));
    return sign_file(options.file, options.keys, judge::kPolicyPurpose, out);
}

Result<int> policy_verify(const PolicyVerifyOptions& options, Output& out) {
    CT_TRY(const auto envelope, read_signed(options.file));
    CT_TRY(const auto signers, parse_signers(options.signers, options.needed));
    CT_TRY(const auto bundle, judge::open_policy_bundle(attest::encode(envelope), signers));
    CT_TRY(const auto policy, judge::Policy::parse(bundle.files));
    out.json().begin_object();
    show(bundle, policy, out);
    show_signatures(envelope, judge::kPolicyPurpose, signers, out);
    out.json().end_object();
    return 0;
}

}  // namespace ct::ctl
