// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/collateral_sources.h"

#include <algorithm>
#include <array>

#include "attest/collateral/items.h"
#include "attest/evidence/snp_report.h"
#include "attest/verify/tdx/collateral.h"
#include "codec/hex.h"

namespace ct::ctl {
namespace {

constexpr std::string_view kAmdList = "amd/crl/", kVcek = "amd/vcek/", kPckCa = "intel/pck-ca/";
constexpr std::array<std::string_view, 3> kProducts = {"Milan", "Genoa", "Turin"};
constexpr std::string_view kBlanks = " \t\r";

bool is_product(std::string_view word) { return std::ranges::find(kProducts, word) != kProducts.end(); }

std::string behind(std::string_view name, std::string_view prefix) {
    return name.starts_with(prefix) ? std::string(name.substr(prefix.size())) : std::string();
}

// Query of a VCEK: which security patch levels its key is derived from.
std::string levels(const attest::snp::Tcb& tcb, attest::snp::Product product) {
    const auto level = [](const char* name, unsigned value) { return std::string(name) + std::to_string(value); };
    return (product == attest::snp::Product::turin ? level("fmcSPL=", tcb.fmc) + "&" : "") +
           level("blSPL=", tcb.boot_loader) + level("&teeSPL=", tcb.tee) + level("&snpSPL=", tcb.snp) +
           level("&ucodeSPL=", tcb.microcode);
}

Result<Source> vcek_source(const Wanted& wanted) {
    using attest::snp::Product;
    const auto at = std::ranges::find(kProducts, wanted.product);
    if (at == kProducts.end())
        return fail(Reason::invalid_argument,
                    wanted.name + ": say of which product the chip is: Milan, Genoa or Turin");
    const auto product = static_cast<Product>(at - kProducts.begin());
    const std::string rest = behind(wanted.name, kVcek);
    const auto slash = rest.find('/');
    const std::size_t chip_digits =
        2 * (product == Product::turin ? attest::snp::kTurinChipIdSize : attest::snp::kChipIdSize);
    CT_TRY(const auto tcb, hex_decode_array<8>(rest.substr(slash + 1)));
    return Source{.service = Service::amd,
                  .path = "/vcek/v1/" + wanted.product + "/" + rest.substr(0, std::min(slash, chip_digits)) + "?" +
                          levels(attest::snp::decode_tcb(tcb, product), product)};
}

Result<std::string> unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        CT_TRY(const auto byte, hex_decode_array<1>(text.substr(i + 1, std::min<std::size_t>(2, text.size() - i - 1))));
        out.push_back(static_cast<char>(byte[0]));
        i += 2;
    }
    return out;
}

Result<Wanted> parse_line(std::string_view line) {
    const auto end = std::min(line.find_first_of(kBlanks), line.size());
    Wanted wanted{std::string(line.substr(0, end))};
    if (const auto from = line.find_first_not_of(kBlanks, end); from != std::string_view::npos)
        wanted.product = line.substr(from);
    if (!attest::is_item_name(wanted.name)) return fail(Reason::malformed, wanted.name + " is no name of an item");
    if (wanted.name.starts_with(kVcek) ? !is_product(wanted.product) : !wanted.product.empty())
        return fail(Reason::malformed, "write NAME, or amd/vcek/CHIP/TCB PRODUCT");
    CT_TRY([[maybe_unused]] const Source source, source_of(wanted));
    return wanted;
}

}  // namespace

std::string_view to_string(Service service) { return service == Service::amd ? "AMD" : "Intel"; }

std::vector<Wanted> always_wanted() {
    std::vector<Wanted> out;
    for (const auto product : kProducts)
        out.push_back({std::string(kAmdList) + std::string(product)});
    for (const char* name :
         {"intel/root-crl", "intel/pck-crl/platform", "intel/pck-crl/processor", "intel/td-qe-identity"})
        out.push_back({name});
    return out;
}

Result<std::vector<Wanted>> parse_wanted(std::string_view text) {
    std::vector<Wanted> out;
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        line = line.substr(0, line.find('#'));
        line = line.substr(std::min(line.find_first_not_of(kBlanks), line.size()));
        line = line.substr(0, line.find_last_not_of(kBlanks) + 1);
        if (line.empty()) continue;
        auto wanted = parse_line(line);
        if (!wanted) return fail(Reason::malformed, "line " + std::to_string(number) + ": " + wanted.error().context);
        out.push_back(std::move(*wanted));
    }
    return out;
}

Result<Source> source_of(const Wanted& wanted) {
    namespace tdx = attest::tdx;
    const std::string& name = wanted.name;
    if (name.starts_with(kVcek)) return vcek_source(wanted);
    if (const auto product = behind(name, kAmdList); !product.empty())
        return Source{.service = Service::amd, .path = "/vcek/v1/" + product + "/crl"};
    if (const auto fmspc = behind(name, tdx::kTcbInfo); !fmspc.empty())
        return Source{.service = Service::intel,
                      .path = "/tdx/certification/v4/tcb?fmspc=" + fmspc,
                      .chain_header = "tcb-info-issuer-chain",
                      .chain_item = std::string(tdx::kSigner)};
    if (name == tdx::kQeIdentity)
        return Source{.service = Service::intel,
                      .path = "/tdx/certification/v4/qe/identity",
                      .chain_header = "sgx-enclave-identity-issuer-chain",
                      .chain_item = std::string(tdx::kSigner)};
    if (const auto ca = behind(name, tdx::kPckList); !ca.empty())
        return Source{.service = Service::intel,
                      .path = "/sgx/certification/v4/pckcrl?ca=" + ca + "&encoding=der",
                      .chain_header = "sgx-pck-crl-issuer-chain",
                      .chain_item = std::string(kPckCa) + ca};
    if (name == tdx::kRootList)
        return Source{.service = Service::intel, .path = "/sgx/certification/v4/rootcacrl", .hex = true};
    return fail(Reason::invalid_argument, name + " is not published on its own");
}

Result<attest::Collateral> items_in(const Wanted& wanted, const Source& source, const http::Document& answer) {
    attest::Collateral out;
    Bytes body = answer.body;
    if (source.hex)
        if (auto decoded = hex_decode(as_text(body), body.size())) body = std::move(*decoded);
    if (body.empty()) return fail(Reason::malformed, "an empty answer");
    out[wanted.name] = std::move(body);
    if (source.chain_item.empty()) return out;
    const auto chain = answer.header(source.chain_header);
    if (!chain) return fail(Reason::malformed, "the answer lacks the header " + source.chain_header);
    CT_TRY(const std::string pem, unescape(*chain));
    if (pem.empty()) return fail(Reason::malformed, "the header " + source.chain_header + " is empty");
    out[source.chain_item] = to_vector(as_bytes(pem));
    return out;
}

}  // namespace ct::ctl
