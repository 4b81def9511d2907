// SPDX-License-Identifier: Apache-2.0
#include "bus/slot.h"

#include "bus/internal.h"

namespace ct::bus {

Slot::Slot() noexcept = default;
Slot::Slot(std::unique_ptr<State> state) : state_(std::move(state)) {}
Slot::Slot(Slot&&) noexcept = default;
Slot& Slot::operator=(Slot&&) noexcept = default;
Slot::~Slot() = default;
void Slot::reset() { state_.reset(); }

int run_on_message(sd_bus_message* message, void* slot_state, sd_bus_error*) noexcept {
    const std::shared_ptr<void> keep = static_cast<Slot::State*>(slot_state)->handler;
    (*static_cast<OnMessage*>(keep.get()))(message);
    return 0;
}

}  // namespace ct::bus
