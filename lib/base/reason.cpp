// SPDX-License-Identifier: Apache-2.0
#include "base/reason.h"

#include <array>
#include <utility>

namespace ct {
namespace {

struct Row {
    std::string_view word;
    std::string_view bus;
};

constexpr auto kRows = std::to_array<Row>({
#define CT_X(name, bus) {#name, #bus},
    CT_REASONS(CT_X)
#undef CT_X
});

}  // namespace

std::string_view to_string(Reason reason) { return kRows.at(std::to_underlying(reason)).word; }

std::string_view bus_error(Reason reason) { return kRows.at(std::to_underlying(reason)).bus; }

bool is_outage(Reason reason) { return bus_error(reason) == "UpstreamUnavailable"; }

std::optional<Reason> reason_from_string(std::string_view word) {
    for (std::size_t i = 0; i < kRows.size(); ++i)
        if (kRows[i].word == word) return static_cast<Reason>(i);
    return std::nullopt;
}

}  // namespace ct
