// SPDX-License-Identifier: Apache-2.0
// Looks for secret bytes in this process's ordinary memory: every readable mapping but secret memory, registers excepted.
// The needle is kept masked, so that the search does not find itself.
#pragma once

#include <cstdint>
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

private:
    std::vector<std::string> names_;
    Windows windows_{kMask};
};

}  // namespace ct::test
