// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/event_log.h"

#include <algorithm>
#include <string_view>

#include "attest/evidence/tpm_algorithms.h"
#include "base/limits.h"

namespace ct::attest::tpm {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSpecId = "Spec ID Event03\0"sv;
constexpr std::string_view kStartupLocality = "StartupLocality\0"sv;
constexpr std::size_t kSha1Size = 20;
constexpr std::size_t kMostDigest = 64;
constexpr std::size_t kEventHead = 12;  // register, type, number of digests

// Firmware hands over the whole area that it keeps for its log; what it did not write is of one value throughout. No event
// begins like that.
bool is_unused(ByteView rest) {
    const auto all = [&](std::uint8_t value) {
        return std::ranges::all_of(rest, [value](std::uint8_t byte) { return byte == value; });
    };
    return rest.size() >= kEventHead && (all(0xff) || all(0));
}

bool starts_with(ByteView data, std::string_view prefix) {
    return data.size() >= prefix.size() && as_text(data.first(prefix.size())) == prefix;
}

}  // namespace

Result<EventLogReader> EventLogReader::open(ByteView log, crypto::Hash bank) {
    if (log.size() > limits::kEventLog) return fail(Reason::evidence_too_large, "event log");
    EventLogReader reader(log, algorithm_of(bank));
    CT_CHECK(reader.read_header());
    if (reader.find(reader.bank_) == nullptr) {
        return fail(Reason::evidence_event_log_missing, "the event log has no digests of this bank");
    }
    return reader;
}

const EventLogReader::Algorithm* EventLogReader::find(std::uint16_t id) const {
    const auto end = algorithms_.begin() + static_cast<std::ptrdiff_t>(algorithm_count_);
    const auto found = std::find_if(algorithms_.begin(), end, [id](const Algorithm& one) { return one.id == id; });
    return found == end ? nullptr : &*found;
}

// The first record has the form of TCG 1.2, and its event tells which digests the later ones carry.
Status EventLogReader::read_header() {
    const std::uint32_t pcr = in_.le32();  // TPMs' firmware writes 0, that of TDs 1
    const std::uint32_t type = in_.le32();
    in_.take(kSha1Size);
    Cursor event(in_.take(in_.le32()));
    if (!in_.ok() || pcr > 1 || type != kEventNoAction || !starts_with(event.take(kSpecId.size()), kSpecId)) {
        return fail(Reason::evidence_malformed, "event log: no Spec ID Event03 at its head");
    }
    event.le32();  // platform class
    event.u8();    // minor, major version, errata
    event.u8();
    event.u8();
    event.u8();  // size of UINTN
    const std::uint32_t count = event.le32();
    if (count == 0 || count > kMostAlgorithms) {
        return fail(Reason::evidence_malformed, "event log: number of algorithms");
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        const Algorithm algorithm{event.le16(), event.le16()};
        const auto known = hash_of(algorithm.id);
        if (algorithm.digest_size == 0 || algorithm.digest_size > kMostDigest || find(algorithm.id) != nullptr ||
            (known && crypto::digest_size(*known) != algorithm.digest_size)) {
            return fail(Reason::evidence_malformed, "event log: list of algorithms");
        }
        algorithms_[algorithm_count_++] = algorithm;
    }
    event.take(event.u8());  // vendor information
    if (!event.finished()) return fail(Reason::evidence_malformed, "event log: its Spec ID event");
    return {};
}

Result<std::optional<Event>> EventLogReader::next() {
    if (in_.finished() || is_unused(in_.rest())) return std::nullopt;
    Event event;
    event.pcr = in_.le32();
    event.type = in_.le32();
    const std::uint32_t count = in_.le32();
    if (!in_.ok() || count != algorithm_count_) {
        return fail(Reason::evidence_malformed, "event log: an event without one digest for each algorithm");
    }
    std::uint32_t seen = 0;  // bit i: algorithms_[i]
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint16_t id = in_.le16();
        const Algorithm* algorithm = find(id);
        const auto bit = algorithm == nullptr ? 0U : 1U << (algorithm - algorithms_.data());
        if (bit == 0 || (seen & bit) != 0) {
            return fail(Reason::evidence_malformed, "event log: an event without one digest for each algorithm");
        }
        seen |= bit;
        const ByteView digest = in_.take(algorithm->digest_size);
        if (id == bank_) event.digest = digest;
    }
    event.data = in_.take(in_.le32());
    if (!in_.ok()) return fail(Reason::evidence_malformed, "event log ends early");
    if (event.type != kEventNoAction && event.pcr >= kPcrs) {
        return fail(Reason::evidence_malformed, "event log: an event for a PCR that does not exist");
    }
    return event;
}

Result<PcrBank> replay(ByteView log, crypto::Hash bank) {
    CT_TRY(auto reader, EventLogReader::open(log, bank));
    PcrBank values(bank);
    bool pcr0_settled = false;  // extended, or its locality told
    while (true) {
        CT_TRY(const auto event, reader.next());
        if (!event) return values;
        if (event->type == kEventNoAction) {
            if (event->pcr != 0 || !starts_with(event->data, kStartupLocality)) continue;
            if (pcr0_settled || event->data.size() != kStartupLocality.size() + 1) {
                return fail(Reason::evidence_malformed, "event log: a StartupLocality out of place");
            }
            values.set_startup_locality(event->data.back());
            pcr0_settled = true;
            continue;
        }
        if (event->pcr == 0) pcr0_settled = true;
        values.extend(event->pcr, event->digest);
    }
}

}  // namespace ct::attest::tpm
