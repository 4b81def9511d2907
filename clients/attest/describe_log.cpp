// SPDX-License-Identifier: Apache-2.0
// Measurement logs by the names of the TCG PC Client Platform Firmware Profile, section 10; event types by its section 10.4.
#include <array>
#include <vector>

#include "attest/evidence/event_log.h"
#include "attest/evidence/tpm_algorithms.h"
#include "clients/attest/formats.h"
#include "crypto/digest.h"

namespace ct::attest_tool {
namespace {

namespace tpm = attest::tpm;

constexpr std::size_t kMostData = 64;  // of one event: nothing says that its digest covers it
constexpr unsigned kRtmrs = 4;

std::string type_name(std::uint32_t type) {
    constexpr std::array<std::string_view, 0x13> low{"EV_PREBOOT_CERT",
                                                     "EV_POST_CODE",
                                                     "EV_UNUSED",
                                                     "EV_NO_ACTION",
                                                     "EV_SEPARATOR",
                                                     "EV_ACTION",
                                                     "EV_EVENT_TAG",
                                                     "EV_S_CRTM_CONTENTS",
                                                     "EV_S_CRTM_VERSION",
                                                     "EV_CPU_MICROCODE",
                                                     "EV_PLATFORM_CONFIG_FLAGS",
                                                     "EV_TABLE_OF_DEVICES",
                                                     "EV_COMPACT_HASH",
                                                     "EV_IPL",
                                                     "EV_IPL_PARTITION_DATA",
                                                     "EV_NONHOST_CODE",
                                                     "EV_NONHOST_CONFIG",
                                                     "EV_NONHOST_INFO",
                                                     "EV_OMIT_BOOT_DEVICE_EVENTS"};
    constexpr std::array<std::string_view, 0x11> efi{"EV_EFI_EVENT_BASE",
                                                     "EV_EFI_VARIABLE_DRIVER_CONFIG",
                                                     "EV_EFI_VARIABLE_BOOT",
                                                     "EV_EFI_BOOT_SERVICES_APPLICATION",
                                                     "EV_EFI_BOOT_SERVICES_DRIVER",
                                                     "EV_EFI_RUNTIME_SERVICES_DRIVER",
                                                     "EV_EFI_GPT_EVENT",
                                                     "EV_EFI_ACTION",
                                                     "EV_EFI_PLATFORM_FIRMWARE_BLOB",
                                                     "EV_EFI_HANDOFF_TABLES",
                                                     "EV_EFI_PLATFORM_FIRMWARE_BLOB2",
                                                     "EV_EFI_HANDOFF_TABLES2",
                                                     "EV_EFI_VARIABLE_BOOT2",
                                                     "EV_EFI_GPT_EVENT2",
                                                     "",
                                                     "",
                                                     "EV_EFI_HCRTM_EVENT"};
    constexpr std::uint32_t base = 0x80000000, variable_authority = 0x800000e0;
    if (type < low.size()) return std::string(low[type]);
    if (type >= base && type - base < efi.size() && !efi[type - base].empty()) return std::string(efi[type - base]);
    if (type == variable_authority) return "EV_EFI_VARIABLE_AUTHORITY";
    return "type " + std::to_string(type);
}

// The registers of a TD, by the events of index 1 to 4.
struct Rtmrs {
    std::array<ByteArray<48>, kRtmrs> values{};
    void extend(const tpm::Event& event) {
        if (event.type == tpm::kEventNoAction || event.pcr < 1 || event.pcr > kRtmrs) return;
        auto& value = values[event.pcr - 1];
        std::ranges::copy(crypto::digest(crypto::Hash::sha384, {value, event.digest}), value.begin());
    }
};

struct Bank {
    std::string name;
    crypto::Hash hash;
    tpm::EventLogReader reader;
};

Result<std::vector<Bank>> banks_of(ByteView log) {
    std::vector<Bank> out;
    Error why{Reason::evidence_malformed, "no bank"};
    for (const auto hash : {crypto::Hash::sha1, crypto::Hash::sha256, crypto::Hash::sha384, crypto::Hash::sha512}) {
        auto reader = tpm::EventLogReader::open(log, hash);
        if (reader)
            out.push_back({std::string(tpm::bank_name(tpm::algorithm_of(hash))), hash, std::move(*reader)});
        else if (reader.error().reason != Reason::evidence_event_log_missing)
            why = reader.error();
    }
    if (out.empty()) return std::unexpected(why);
    return out;
}

Fields event_of(const tpm::Event& event, bool ccel) {
    return {{ccel ? "MRIndex" : "PCRIndex", std::uint64_t{event.pcr}},
            {"EventType", type_name(event.type)},
            {"EventSize", std::uint64_t{event.data.size()}},
            {"Event", hex(event.data, kMostData)}};
}

Fields replayed(ByteView log, const std::vector<Bank>& banks) {
    Fields out;
    for (const auto& bank : banks) {
        const auto values = tpm::replay(log, bank.hash);
        if (!values) {
            out.push_back({bank.name, values.error().to_string()});
            continue;
        }
        Fields pcrs;
        for (unsigned i = 0; i < tpm::kPcrs; ++i)
            pcrs.push_back({std::to_string(i), hex(values->value(i))});
        out.push_back({bank.name, std::move(pcrs)});
    }
    return out;
}

}  // namespace

Result<Fields> describe_event_log(ByteView bytes) {
    // The header of a TD's log stands under an index of its own; past it the two are the same.
    const bool ccel = recognise(bytes) == Format::ccel;
    Bytes log = to_vector(bytes);
    if (ccel) log[0] = 0;
    CT_TRY(auto banks, banks_of(log));
    std::vector<Fields> events;
    Rtmrs rtmrs;
    std::string end = "whole";
    for (bool more = true; more;) {
        Fields fields;
        for (auto& bank : banks) {
            const auto event = bank.reader.next();
            if (!event) end = event.error().to_string();
            more = event && *event;
            if (!more) break;
            if (fields.empty()) fields = event_of(**event, ccel);
            fields.push_back({"digest " + bank.name, hex((*event)->digest)});
            if (bank.hash == crypto::Hash::sha384) rtmrs.extend(**event);
        }
        if (more) events.push_back(std::move(fields));
    }
    Fields out{{"events", std::uint64_t{events.size()}}, {"end", end}};
    if (ccel) {
        Fields registers;
        for (unsigned i = 0; i < kRtmrs; ++i)
            registers.push_back({"RTMR" + std::to_string(i), hex(rtmrs.values[i])});
        out.push_back({"replays to", std::move(registers)});
    } else {
        out.push_back({"replays to", replayed(log, banks)});
    }
    out.push_back({"event", std::move(events)});
    return out;
}

}  // namespace ct::attest_tool
