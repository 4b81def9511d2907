// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "openbao/client.h"

namespace ct::openbao {

std::optional<ByteView> KvSecret::field(std::string_view name) const {
    const auto at = std::ranges::find(fields_, name, &Field::name);
    if (at == fields_.end()) return std::nullopt;
    return storage_.bytes().subspan(at->offset, at->size);
}

std::vector<std::string> KvSecret::names() const {
    std::vector<std::string> names;
    names.reserve(fields_.size());
    for (const auto& field : fields_)
        names.push_back(field.name);
    return names;
}

}  // namespace ct::openbao
