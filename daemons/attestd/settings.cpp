// SPDX-License-Identifier: Apache-2.0
#include "daemons/attestd/settings.h"

namespace ct::attestd {
namespace {

using attest::TpmKeyType;
using config::Node;

constexpr std::int64_t kPersistentFirst = 0x81000000, kPersistentLast = 0x81ffffff;
constexpr std::int64_t kMostVmpl = 3;
constexpr std::string_view kSocket = "unix:/";
constexpr std::int64_t kNvFirst = 0x01000000, kNvLast = 0x01ffffff;

Status read_text(const Node& table, std::string_view key, std::string& into) {
    const auto node = table.get(key);
    if (!node) return {};
    CT_TRY(into, node->as_string());
    return {};
}

Status read_path(const Node& table, std::string_view key, std::string& into) {
    CT_CHECK(read_text(table, key, into));
    const auto node = table.get(key);
    if (node && !into.empty() && !into.starts_with('/')) return node->error("write an absolute path");
    return {};
}

Status read_use(const Node& table, Use& into) {
    const auto node = table.get("enabled");
    if (!node) return {};
    if (const auto flag = node->as_bool()) {
        into = *flag ? Use::yes : Use::no;
        return {};
    }
    const auto word = node->as_string();
    if (!word || *word != "auto") return node->error("write true, false or \"auto\"");
    into = Use::if_there;
    return {};
}

Status read_flag(const Node& table, std::string_view key, bool& into) {
    const auto node = table.get(key);
    if (!node) return {};
    CT_TRY(into, node->as_bool());
    return {};
}

// A handle or index of the TPM in [first, last]; 0 means none.
Status read_handle(const Node& table, std::string_view key, std::int64_t first, std::int64_t last,
                   std::uint32_t& into) {
    const auto node = table.get(key);
    if (!node) return {};
    CT_TRY(const std::int64_t value, node->as_integer(0, last));
    if (value != 0 && value < first) return node->error("this is outside the TPM's range for it; write 0 for none");
    into = static_cast<std::uint32_t>(value);
    return {};
}

Status read_type(const Node& table, TpmKeyType& into) {
    const auto node = table.get("type");
    if (!node) return {};
    CT_TRY(const std::string word, node->as_string());
    if (word != "ecc" && word != "rsa") return node->error("write \"ecc\" or \"rsa\"");
    into = word == "ecc" ? TpmKeyType::ecc : TpmKeyType::rsa;
    return {};
}

Status read_ak(const Node& table, attest::Tpm2Settings& into) {
    const auto ak = table.get("ak");
    if (!ak) return {};
    CT_CHECK(ak->only({"type", "handle", "certificates", "certificate_nv"}));
    CT_CHECK(read_type(*ak, into.ak_type));
    CT_CHECK(read_handle(*ak, "handle", kPersistentFirst, kPersistentLast, into.ak_handle));
    CT_CHECK(read_path(*ak, "certificates", into.ak_certificates));
    return read_handle(*ak, "certificate_nv", kNvFirst, kNvLast, into.ak_certificate_nv);
}

Status read_ek(const Node& table, attest::Tpm2Settings& into) {
    const auto ek = table.get("ek");
    if (!ek) return {};
    CT_CHECK(ek->only({"offer", "type", "handle", "certificates"}));
    CT_CHECK(read_flag(*ek, "offer", into.offer_ek));
    CT_CHECK(read_type(*ek, into.ek_type));
    CT_CHECK(read_handle(*ek, "handle", kPersistentFirst, kPersistentLast, into.ek_handle));
    return read_path(*ek, "certificates", into.ek_certificates);
}

// A path that can't be left empty.
Status read_file_name(const Node& table, std::string_view key, std::string& into) {
    CT_CHECK(read_path(table, key, into));
    if (into.empty()) return table.get(key).value_or(table).error("write an absolute path");
    return {};
}

Status read_tpm2(const Node& table, Settings& into) {
    CT_CHECK(table.only({"enabled", "tcti", "event_log", "idle_release", "ak", "ek"}));
    CT_CHECK(read_use(table, into.use_tpm2));
    CT_CHECK(read_text(table, "tcti", into.tpm2.tcti));
    if (into.tpm2.tcti.empty())
        return table.get("tcti")->error("write how the TPM is reached, such as \"device:/dev/tpmrm0\"");
    CT_CHECK(read_path(table, "event_log", into.tpm2.event_log));
    CT_CHECK(read_ak(table, into.tpm2));
    CT_CHECK(read_ek(table, into.tpm2));
    if (const auto node = table.get("idle_release")) {
        CT_TRY(into.idle_release, node->as_duration());
    }
    return {};
}

Status read_snp(const Node& table, Settings& into) {
    CT_CHECK(table.only({"enabled", "reports", "device", "vmpl"}));
    CT_CHECK(read_use(table, into.snp.use));
    CT_CHECK(read_file_name(table, "reports", into.snp.reports));
    CT_CHECK(read_file_name(table, "device", into.snp.device));
    if (const auto node = table.get("vmpl")) {
        CT_TRY(const std::int64_t level, node->as_integer(0, kMostVmpl));
        into.snp.vmpl = static_cast<std::uint32_t>(level);
    }
    return {};
}

// Where the host's quote service listens; "" for nobody.
Status read_quote_service(const Node& table, QuoteService& into) {
    const auto node = table.get("quote_service");
    if (!node) return {};
    CT_TRY(const std::string words, node->as_string());
    into.reset();
    if (words.empty()) return {};
    const auto address = attest::tdx::parse_service_address(words);
    if (!address) return node->error(address.error().context);
    into = *address;
    return {};
}

Status read_tdx(const Node& table, Settings& into) {
    CT_CHECK(table.only({"enabled", "reports", "device", "quote_service"}));
    CT_CHECK(read_use(table, into.tdx.use));
    CT_CHECK(read_file_name(table, "reports", into.tdx.reports));
    CT_CHECK(read_file_name(table, "device", into.tdx.device));
    return read_quote_service(table, into.tdx.quote_service);
}

// A folder of reports, or a device and a service: one of the two ways, as a kernel has it.
Status read_simulated_tdx(const Node& table, Settings& into) {
    CT_CHECK(table.only({"reports", "device", "quote_service"}));
    if (!table.get("device")) {
        CT_CHECK(table.only({"reports"}));
        return read_file_name(table, "reports", into.simulated_tdx.reports);
    }
    CT_CHECK(table.only({"device", "quote_service"}));
    CT_CHECK(read_file_name(table, "device", into.simulated_tdx.device));
    CT_CHECK(read_quote_service(table, into.simulated_tdx.quote_service));
    if (!into.simulated_tdx.quote_service) return table.error("write quote_service = \"unix:/SOCKET\" as well");
    return {};
}

Status read_composite(const Node& root, Settings& into) {
    if (const auto table = root.get("azure-snp")) {
        CT_CHECK(table->only({"enabled", "certificates"}));
        CT_CHECK(read_flag(*table, "enabled", into.azure_snp));
        CT_CHECK(read_path(*table, "certificates", into.azure_certificates));
    }
    if (const auto table = root.get("azure-tdx")) {
        CT_CHECK(table->only({"enabled", "quote"}));
        CT_CHECK(read_flag(*table, "enabled", into.azure_tdx));
        CT_CHECK(read_path(*table, "quote", into.azure_quote));
        if (into.azure_tdx && into.azure_quote.empty())
            return table->error(
                "write quote = \"/FILE\": a TD on Azure has its quotes from the network, which is not here");
    }
    if (const auto table = root.get("gce-snp")) {
        CT_CHECK(table->only({"enabled"}));
        CT_CHECK(read_flag(*table, "enabled", into.gce_snp));
    }
    return {};
}

Status read_simulated_tpm(const Node& table, SimulatedTpm& into) {
    CT_CHECK(read_text(table, "tcti", into.tcti));
    if (into.tcti.empty())
        return table.get("tcti").value_or(table).error(
            "write how the simulated TPM is reached: \"swtpm:path=/SOCKET\"");
    return read_path(table, "event_log", into.event_log);
}

Status read_simulated_composite(const Node& root, Settings& into) {
    if (const auto table = root.get("simulated-azure-snp")) {
        CT_CHECK(table->only({"tcti", "event_log", "certificates"}));
        CT_CHECK(read_simulated_tpm(*table, into.simulated_azure_snp.tpm));
        CT_CHECK(read_path(*table, "certificates", into.simulated_azure_snp.certificates));
    }
    if (const auto table = root.get("simulated-azure-tdx")) {
        CT_CHECK(table->only({"tcti", "event_log", "quote"}));
        CT_CHECK(read_simulated_tpm(*table, into.simulated_azure_tdx.tpm));
        CT_CHECK(read_file_name(*table, "quote", into.simulated_azure_tdx.quote));
    }
    if (const auto table = root.get("simulated-gce-snp")) {
        CT_CHECK(table->only({"tcti", "event_log", "reports"}));
        CT_CHECK(read_simulated_tpm(*table, into.simulated_gce_snp.tpm));
        CT_CHECK(read_file_name(*table, "reports", into.simulated_gce_snp.reports));
    }
    return {};
}

Status read_simulated(const Node& root, Settings& into) {
    if (const auto table = root.get("simulated-sev-snp")) {
        CT_CHECK(table->only({"reports"}));
        CT_CHECK(read_file_name(*table, "reports", into.simulated_snp));
    }
    if (const auto table = root.get("simulated-tdx")) CT_CHECK(read_simulated_tdx(*table, into));
    if (const auto table = root.get("simulated-nitro")) {
        CT_CHECK(table->only({"device"}));
        CT_CHECK(read_text(*table, "device", into.simulated_nitro));
        if (!into.simulated_nitro.starts_with(kSocket))
            return table->get("device").value_or(*table).error("write device = \"unix:/SOCKET\"");
        into.simulated_nitro.erase(0, kSocket.size() - 1);
    }
    return read_simulated_composite(root, into);
}

}  // namespace

Result<Settings> parse_settings(const Node& root) {
    CT_CHECK(root.only({"tpm2", "sev-snp", "tdx", "nitro", "azure-snp", "azure-tdx", "gce-snp", "simulated-sev-snp",
                        "simulated-tdx", "simulated-nitro", "simulated-azure-snp", "simulated-azure-tdx",
                        "simulated-gce-snp", "audit", "log"}));
    Settings out;
    if (const auto table = root.get("tpm2")) CT_CHECK(read_tpm2(*table, out));
    if (const auto table = root.get("sev-snp")) CT_CHECK(read_snp(*table, out));
    if (const auto table = root.get("tdx")) CT_CHECK(read_tdx(*table, out));
    if (const auto table = root.get("nitro")) {
        CT_CHECK(table->only({"enabled", "device"}));
        CT_CHECK(read_use(*table, out.nitro.use));
        CT_CHECK(read_file_name(*table, "device", out.nitro.device));
    }
    CT_CHECK(read_composite(root, out));
    CT_CHECK(read_simulated(root, out));
    return out;
}

}  // namespace ct::attestd
