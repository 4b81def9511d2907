// SPDX-License-Identifier: Apache-2.0
#include "support/vectors.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/fd.h"

namespace ct::test {

std::optional<std::string> vectors_folder() {
    const char* named = std::getenv("CT_VECTORS");  // NOLINT(concurrency-mt-unsafe): tests have one thread here
    const std::string folder = named != nullptr ? named : CT_SOURCE_DIR "/../shared/vectors";
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error)) return std::nullopt;
    return folder;
}

Bytes read_vector(const std::string& name) {
    constexpr std::size_t most = 4 << 20;
    const auto folder = vectors_folder();
    if (!folder) {
        ADD_FAILURE() << "no vectors here: begin the test with CT_NEEDS_VECTORS()";
        return {};
    }
    const auto text = read_file(*folder + "/" + name, most);
    if (!text) {
        ADD_FAILURE() << name << ": " << text.error().to_string();
        return {};
    }
    return to_vector(as_bytes(*text));
}

}  // namespace ct::test
