// SPDX-License-Identifier: Apache-2.0
// Replays the seeds of one fuzz target under GoogleTest: what a fuzzer once found stays found.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  // libFuzzer's name

namespace {

std::vector<std::uint8_t> content_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(FuzzCorpus, EverySeedIsHandledAndSoIsEveryPrefixOfIt) {
    std::size_t seeds = 0;
    for (const auto& entry : std::filesystem::directory_iterator(CT_CORPUS)) {
        SCOPED_TRACE(entry.path().filename());
        const auto seed = content_of(entry.path());
        EXPECT_EQ(LLVMFuzzerTestOneInput(seed.data(), seed.size()), 0);
        // Cut short at each byte of the start and of the end, where headers and lengths lie. The copy is exact, so that
        // a read past its end is one past an allocation.
        for (std::size_t cut = 0; cut < seed.size(); ++cut) {
            if (cut == 256 && seed.size() > 512) cut = seed.size() - 256;
            const std::vector<std::uint8_t> prefix(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(cut));
            EXPECT_EQ(LLVMFuzzerTestOneInput(prefix.data(), prefix.size()), 0);
        }
        ++seeds;
    }
    EXPECT_GT(seeds, 0U) << "no seeds in " CT_CORPUS;
}

}  // namespace
