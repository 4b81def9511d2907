// SPDX-License-Identifier: Apache-2.0
#include "audit/types.h"

#include <array>
#include <utility>

namespace ct::audit {
namespace {

struct Row {
    std::string_view name, id, words;
};
constexpr auto kTypes = std::to_array<Row>({
#define CT_X(name, id, words) {#name, id, words},
    CT_AUDIT_TYPES(CT_X)
#undef CT_X
});
constexpr auto kFields = std::to_array<std::string_view>({
#define CT_X(name) #name,
    CT_AUDIT_FIELDS(CT_X)
#undef CT_X
});

}  // namespace

std::string_view to_string(Type type) { return kTypes.at(std::to_underlying(type)).name; }
std::string_view message_id(Type type) { return kTypes.at(std::to_underlying(type)).id; }
std::string_view words(Type type) { return kTypes.at(std::to_underlying(type)).words; }
std::string_view to_string(Field field) { return kFields.at(std::to_underlying(field)); }

}  // namespace ct::audit
