// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

namespace ct::bus {

// A registration on a connection: a pending call, a match, an exported object. Dropping it cancels; its callback never
// runs afterwards, not even when it is dropped from inside that callback.
class [[nodiscard]] Slot {
public:
    struct State;
    Slot() noexcept;
    explicit Slot(std::unique_ptr<State> state);
    Slot(Slot&&) noexcept;
    Slot& operator=(Slot&&) noexcept;
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot();
    explicit operator bool() const { return state_ != nullptr; }
    void reset();

private:
    std::unique_ptr<State> state_;
};

}  // namespace ct::bus
