// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Middle layer: which cgroup a task is in.
#ifndef MEERKAT_CGROUP_H
#define MEERKAT_CGROUP_H

#include "kernel.h"

// Which hierarchy names the workload. User space sets it before loading: a pure cgroup v2 host has
// one answer; on a v1 or hybrid host container runtimes put their containers into the hierarchies
// of v1 controllers, and the v2 id is that of the root for all of them.
enum cgroup_hierarchy_choice {
	CGROUP_V2 = 0,
	CGROUP_V1_MEMORY = 1,
	CGROUP_V1_PIDS = 2,
	CGROUP_V1_CPU = 3,
};
const volatile __u32 cgroup_hierarchy_choice = CGROUP_V2;

static __always_inline struct cgroup *cgroup_of_controller(struct css_set *set, int controller)
{
	struct cgroup_subsys_state *state = NULL;

	bpf_core_read(&state, sizeof(state), &set->subsys[0] + controller);
	return BPF_CORE_READ(state, cgroup);
}

static __always_inline struct cgroup *cgroup_of_task(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);

	switch (cgroup_hierarchy_choice) {
	case CGROUP_V1_MEMORY:
		if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
			return cgroup_of_controller(set, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
		break;
	case CGROUP_V1_PIDS:
		if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
			return cgroup_of_controller(set, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
		break;
	case CGROUP_V1_CPU:
		if (bpf_core_enum_value_exists(enum cgroup_subsys_id, cpu_cgrp_id))
			return cgroup_of_controller(set, bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id));
		break;
	}
	return BPF_CORE_READ(set, dfl_cgrp);
}

static __always_inline __u64 cgroup_id(struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, kn, id);
}

#endif
