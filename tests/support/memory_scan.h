// SPDX-License-Identifier: Apache-2.0
// Looks for secret bytes in this process's ordinary memory: every readable mapping but secret memory, registers excepted.
// The needle is kept masked, so that the search does not find itself.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "support/windows.h"

namespace ct::test {

class MemoryScan {
public:
    static constexpr std::size_t kWindow = Windows::kSize;
    static constexpr std::uint8_t kMask = 0xA5;

    // `masked` is a needle with every byte XORed with kMask, at least kWindow bytes.
    void add(std::string name, Bytes masked);

    // Places where any kWindow bytes of a needle lie, one line each: "name[0...] at 7f12... in [stack]". Overlapping
    // windows count as one place.
    [[nodiscard]] std::string find() const;
    // The same in this process's secret memory, which it reads as its owner.
    [[nodiscard]] std::string find_in_secret_memory() const;

private:
    void look_at(ByteView bytes, std::uint64_t address, const std::string& where, std::ostream& places) const;
    std::vector<std::string> names_;
    Windows windows_{kMask};
};

}  // namespace ct::test
