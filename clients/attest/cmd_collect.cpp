// SPDX-License-Identifier: Apache-2.0
// Evidence of this machine, by the collectors that a node has.
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <memory>

#include "attest/collect/composite/collectors.h"
#include "attest/collect/nitro/collector.h"
#include "attest/collect/snp/collector.h"
#include "attest/collect/tdx/collector.h"
#include "attest/collect/tpm2/settings.h"
#include "attest/evidence/composite_bundle.h"
#include "attest/evidence/nitro_bundle.h"
#include "attest/evidence/snp_bundle.h"
#include "attest/evidence/tdx_bundle.h"
#include "attest/evidence/tdx_quote.h"
#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_algorithms.h"
#include "base/fd.h"
#include "clients/attest/commands.h"
#include "clients/attest/evidence_file.h"
#include "clients/attest/fields.h"
#include "clients/libclient/files.h"
#include "codec/hex.h"
#include "crypto/digest.h"

namespace ct::attest_tool {
namespace {

constexpr mode_t kMode = 0644;  // evidence is no secret
constexpr std::size_t kFreshNonce = 32;

Result<std::uint32_t> mask_of(std::string_view list) {
    std::uint32_t mask = 0;
    while (true) {
        unsigned index = attest::tpm::kPcrs;
        const auto [rest, error] = std::from_chars(list.data(), list.data() + list.size(), index);
        list.remove_prefix(static_cast<std::size_t>(rest - list.data()));
        if (error != std::errc() || index >= attest::tpm::kPcrs || (!list.empty() && list[0] != ','))
            return fail(Reason::invalid_argument, "--pcrs: write numbers from 0 to 23 with commas between them");
        mask |= 1U << index;
        if (list.empty()) return mask;
        list.remove_prefix(1);
    }
}

// A device and what is asked of it.
struct Source {
    std::unique_ptr<attest::Collector> collector;
    Bytes request;
};

// A cloud's TPM together with its hardware; each only if it is named, since there both are there by themselves as well.
void add_composite(const CollectOptions& options, const attest::Tpm2Settings& tpm, ByteView quote,
                   std::vector<Source>& out) {
    using namespace attest;
    const auto add_azure = [&](std::string_view kind, azure::Hardware hardware) {
        AzureSources sources{.tpm = make_tpm2_collector(azure_tpm(tpm)),
                             .paravisor = azure::open_paravisor(tpm.tcti),
                             .certificates = options.certificates,
                             .quote = options.td_quote};
        const Bytes report = azure::encode(azure::Request{options.fresh_report});
        out.push_back({make_azure_collector(kind, hardware, std::move(sources)), encode(Parts{quote, report})});
    };
    add_azure(azure::kSnpKind, azure::Hardware::snp);
    add_azure(azure::kTdxKind, azure::Hardware::tdx);
    out.push_back({make_gce_collector(gce::kSnpKind, make_tpm2_collector(gce_tpm(tpm)), make_snp_collector()),
                   encode(Parts{quote, {}})});
}

Result<std::vector<Source>> sources(const CollectOptions& options) {
    std::vector<Source> out;
    out.push_back({attest::make_snp_collector(), {}});
    out.push_back({attest::make_tdx_collector(), attest::tdx::encode_request({.event_log = true})});
    out.push_back({attest::make_nitro_collector(attest::nitro::nsm_at(options.nsm)),
                   attest::nitro::encode(attest::nitro::Request{})});
    attest::Tpm2Settings tpm;
    if (!options.tcti.empty()) tpm.tcti = options.tcti;
    if (!options.event_log.empty()) tpm.event_log = options.event_log;
    CT_TRY(const auto mask, mask_of(options.pcrs));
    const Bytes quote = attest::tpm::encode(
        attest::tpm::Request{.pcrs = {attest::tpm::alg::kSha256, mask}, .event_log = true, .credential = {}});
    out.push_back({attest::make_tpm2_collector(tpm), quote});
    if (options.kind.empty()) return out;
    add_composite(options, tpm, quote, out);
    std::erase_if(out, [&](const Source& one) { return one.collector->kind() != options.kind; });
    if (out.empty()) return fail(Reason::invalid_argument, "--kind: nothing here collects \"" + options.kind + "\"");
    return out;
}

// The one whose device is there. With several, the caller has to choose: which of them counts, a policy says.
struct Found {
    Source source;
    Bytes introduction;
};
Result<Found> find_device(std::vector<Source> all) {
    std::vector<Found> found;
    std::string present, absent;
    for (auto& one : all) {
        auto introduction = one.collector->introduction();
        const std::string kind(one.collector->kind());
        if (introduction) {
            present.append(present.empty() ? "" : ", ").append(kind);
            found.push_back({std::move(one), std::move(*introduction)});
        } else if (all.size() == 1 || introduction.error().reason != Reason::evidence_device_absent) {
            return fail(introduction.error().reason, kind + ": " + introduction.error().context);
        } else {
            absent.append("\n  ").append(kind).append(": ").append(introduction.error().context);
        }
    }
    if (found.empty()) return fail(Reason::evidence_device_absent, "this machine has none of the devices:" + absent);
    if (found.size() > 1) return fail(Reason::invalid_argument, "this machine has " + present + ": name one by --kind");
    return std::move(found.front());
}

// For which level an SNP report can be had, the guest's introduction says.
Result<Bytes> snp_request(ByteView introduction) {
    CT_TRY(const auto guest, attest::snp::decode_introduction(introduction));
    return attest::snp::encode(attest::snp::Request{guest.vmpl_floor});
}
Result<Bytes> request_for(std::string_view kind, Bytes request, ByteView introduction) {
    if (kind == attest::snp::kKind) return snp_request(introduction);
    if (kind != attest::gce::kSnpKind) return request;
    CT_TRY(const auto halves, attest::decode_parts(introduction, introduction.size()));
    CT_TRY(const auto asked, attest::decode_parts(request, request.size()));
    CT_TRY(const Bytes report, snp_request(halves.hardware));
    return attest::encode(attest::Parts{asked.tpm, report});
}

Result<Bytes> nonce_of(const CollectOptions& options) {
    if (options.nonce.empty()) {
        Bytes fresh(kFreshNonce);
        CT_CHECK(crypto::random_bytes(fresh));
        return fresh;
    }
    auto nonce = hex_decode(options.nonce, kMostNonce);
    if (!nonce || nonce->empty()) return fail(Reason::invalid_argument, "--nonce: write up to 64 bytes in hexadecimal");
    return nonce;
}

}  // namespace

Result<Told> collect(const CollectOptions& options) {
    CT_TRY(const Bytes nonce, nonce_of(options));
    if (options.output.empty() && ::isatty(STDOUT_FILENO) == 1)
        return fail(Reason::invalid_argument, "evidence is binary: give --output FILE, or send it down a pipe");
    ::setenv("TSS2_LOG", "all+none", 0);  // NOLINT(concurrency-mt-unsafe): one thread; our own words say what failed
    CT_TRY(auto all, sources(options));
    CT_TRY(auto found, find_device(std::move(all)));
    const std::string kind(found.source.collector->kind());
    CT_TRY(const Bytes request, request_for(kind, found.source.request, found.introduction));
    auto evidence = found.source.collector->collect(request, binding_of(nonce));
    if (!evidence) return fail(evidence.error().reason, kind + ": " + evidence.error().context);
    const Bytes file = encode({kind, nonce, std::move(found.introduction), std::move(*evidence)});
    Told told;
    if (options.output.empty()) {
        told.out = as_text(file);
        return told;
    }
    CT_CHECK(client::write_file(options.output, file, kMode, client::Existing::replace));
    const Fields said{
        {"kind", kind}, {"nonce", hex(nonce)}, {"file", options.output}, {"bytes", std::uint64_t{file.size()}}};
    told.out = options.json ? as_json(said) + "\n" : as_lines(said);
    if (options.nonce.empty())
        told.error =
            "the nonce is of this machine's own choice: to a verifier elsewhere it does not show when this was made\n";
    return told;
}

}  // namespace ct::attest_tool
