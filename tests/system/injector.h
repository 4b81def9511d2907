// SPDX-License-Identifier: Apache-2.0
// Carries out the faults of a plan on the two machines, and heals them.
#pragma once

#include "system/fault_plan.h"
#include "system/site.h"

namespace ct::test {

class Injector {
public:
    // docs/quickstart.md on two machines, with an OpenBao that outlives its own death, small disks to be filled, and daemons
    // whose clock is a file's to say.
    static Result<std::unique_ptr<Site>> make_site();

    explicit Injector(Site& site) : site_(site) {}
    [[nodiscard]] Status strike(const Round& round);
    // Undoes it, and waits until all daemons and OpenBao are up and ready.
    [[nodiscard]] Status heal(const Round& round);

private:
    [[nodiscard]] Machine& home_of(std::string_view daemon);

    Site& site_;
};

}  // namespace ct::test
