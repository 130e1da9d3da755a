// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker and the virtqueues, split rings as chapter 2.7 of the virtio
 * specification has them.
 *
 * All of a ring is in guest memory and may change under our hands. A field is
 * read once (ring.c) and then checked; what a walk along descriptors can cost is
 * bounded by what a request may have, not by what the ring says. A ring that
 * makes no sense ends the device's work until the driver resets it.
 */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/virtio_config.h>

#include "planefd_compat.h"
#include "virtio_gpu.h"

/* Requests of one queue before it is the other's turn */
#define TURN	16

/* What is wrong with a ring, for the log */
#define RING_UNREADABLE		"it cannot be had, or is not all in memory"
#define RING_PLACE		"it is where no ring can be, or there is no memory"
#define RING_INDEX		"its index runs ahead"
#define RING_DESCRIPTOR		"a descriptor is out of range"
#define RING_LOOP		"a chain of descriptors is too long"
#define RING_ORDER		"a chain reads after it writes"
#define RING_INDIRECT		"an indirect table is malformed"
#define RING_BUFFER		"a buffer is not in memory"

/* Nothing is wrong: the worker is to leave what it does, and comes back to it */
static const char ring_leave[] = "";

/* -------- Descriptors -------- */

static u16 desc_flags(const struct vring_desc *desc)
{
	return le16_to_cpu((__force __le16)desc->flags);
}

static const char *add_segment(struct vgpu_request *request,
			       const struct vring_desc *desc)
{
	unsigned int nr = request->nr_out + request->nr_in;
	u32 length = le32_to_cpu((__force __le32)desc->len);

	if (nr == VGPU_MAX_SEGMENTS)
		return RING_LOOP;
	request->segments[nr].addr = le64_to_cpu((__force __le64)desc->addr);
	request->segments[nr].length = length;
	if (desc_flags(desc) & VRING_DESC_F_WRITE) {
		request->nr_in++;
		request->in_size += length;
		return NULL;
	}
	request->nr_out++;
	request->out_size += length;
	return request->nr_in ? RING_ORDER : NULL;
}

static u16 desc_next(const struct vring_desc *desc)
{
	return le16_to_cpu((__force __le16)desc->next);
}

static const char *read_descs(struct vgpu *vgpu, u64 addr,
			      struct vring_desc *descs, unsigned int nr,
			      const char *wrong)
{
	int ret = vgpu_read_patiently(vgpu, addr, descs, nr * sizeof(*descs));

	if (ret == -EINTR)
		return ring_leave;
	return ret ? wrong : NULL;
}

/* The whole table is copied at once, then walked in the copy. */
static const char *walk_indirect(struct vgpu *vgpu,
				 const struct vgpu_queue *queue,
				 const struct vring_desc *entry)
{
	struct vring_desc *table = vgpu->request->table;
	u32 length = le32_to_cpu((__force __le32)entry->len);
	u32 nr = length / sizeof(*table), i = 0, steps;
	const char *wrong;

	if (!queue->indirect || desc_flags(entry) & VRING_DESC_F_NEXT ||
	    !nr || length % sizeof(*table) || nr > VGPU_MAX_SEGMENTS)
		return RING_INDIRECT;
	wrong = read_descs(vgpu, le64_to_cpu((__force __le64)entry->addr),
			   table, nr, RING_INDIRECT);
	if (wrong)
		return wrong;

	for (steps = 0; steps < nr; steps++) {
		if (desc_flags(&table[i]) & VRING_DESC_F_INDIRECT)
			return RING_INDIRECT;
		wrong = add_segment(vgpu->request, &table[i]);
		if (wrong)
			return wrong;
		if (!(desc_flags(&table[i]) & VRING_DESC_F_NEXT))
			return NULL;
		i = desc_next(&table[i]);
		if (i >= nr)
			return RING_DESCRIPTOR;
		i = array_index_nospec(i, nr);
	}
	return RING_LOOP;
}

static const char *walk_chain(struct vgpu *vgpu, struct vgpu_queue *queue,
			      u16 index)
{
	const struct vgpu_ring *ring = &queue->ring;
	struct vring_desc desc;
	const char *wrong;
	unsigned int steps;

	for (steps = 0; steps < ring->size; steps++) {
		if (index >= ring->size)
			return RING_DESCRIPTOR;
		wrong = read_descs(vgpu, ring->desc + sizeof(desc) * index,
				   &desc, 1, RING_UNREADABLE);
		if (wrong)
			return wrong;
		if (desc_flags(&desc) & VRING_DESC_F_INDIRECT)
			return walk_indirect(vgpu, queue, &desc);
		wrong = add_segment(vgpu->request, &desc);
		if (wrong)
			return wrong;
		if (!(desc_flags(&desc) & VRING_DESC_F_NEXT))
			return NULL;
		index = desc_next(&desc);
	}
	return RING_LOOP;
}

/* -------- Rings -------- */

static u32 avail_ring(unsigned int index)
{
	return offsetof(struct vring_avail, ring) + sizeof(__le16) * index;
}

static u32 used_ring(unsigned int index)
{
	return offsetof(struct vring_used, ring) +
	       sizeof(struct vring_used_elem) * index;
}

/* What is wrong where a field could not be accessed */
static const char *unreadable(int error)
{
	return error == -EINTR ? ring_leave : RING_UNREADABLE;
}

/* How many requests wait, or what is wrong. */
static const char *count_avail(struct vgpu *vgpu, struct vgpu_queue *queue,
			       u16 *nr)
{
	u16 index;
	int ret;

	ret = vgpu_ring_load16(vgpu, queue, VGPU_DRIVER_AREA,
			       offsetof(struct vring_avail, idx), &index);
	if (ret)
		return unreadable(ret);
	/* The entries are not read before the index that announces them */
	smp_rmb();
	*nr = index - queue->next_avail;
	return *nr > queue->ring.size ? RING_INDEX : NULL;
}

/* Take the next of the requests that wait, into vgpu->request. */
static const char *take_request(struct vgpu *vgpu, struct vgpu_queue *queue)
{
	struct vgpu_request *request = vgpu->request;
	u16 slot = queue->next_avail & (queue->ring.size - 1);
	int ret;

	ret = vgpu_ring_load16(vgpu, queue, VGPU_DRIVER_AREA, avail_ring(slot),
			       &request->head);
	if (ret)
		return unreadable(ret);
	queue->next_avail++;
	request->nr_out = 0;
	request->nr_in = 0;
	request->out_size = 0;
	request->in_size = 0;
	return walk_chain(vgpu, queue, request->head);
}

/* Give a request back, with @written bytes in it. */
static const char *return_request(struct vgpu *vgpu, struct vgpu_queue *queue,
				  u32 written)
{
	u16 slot = queue->next_used & (queue->ring.size - 1);
	u32 elem = used_ring(slot);
	int ret;

	ret = vgpu_ring_store32(vgpu, queue, VGPU_DEVICE_AREA,
				elem + offsetof(struct vring_used_elem, id),
				vgpu->request->head) ?:
	      vgpu_ring_store32(vgpu, queue, VGPU_DEVICE_AREA,
				elem + offsetof(struct vring_used_elem, len),
				written);
	if (ret)
		return unreadable(ret);
	/* The entry and the answer are there before the index tells so */
	smp_wmb();
	ret = vgpu_ring_store16(vgpu, queue, VGPU_DEVICE_AREA,
				offsetof(struct vring_used, idx),
				(u16)(queue->next_used + 1));
	if (ret)
		return unreadable(ret);
	queue->next_used++;
	return NULL;
}

/* Does the driver want to hear of what was returned? */
static bool wants_interrupt(struct vgpu *vgpu, struct vgpu_queue *queue)
{
	u16 old = queue->told_used;
	bool told = queue->told;
	u16 value;

	queue->told_used = queue->next_used;
	queue->told = true;
	/* What it wants is read after it can see what was returned */
	smp_mb();
	if (queue->event_idx) {
		if (vgpu_ring_load16(vgpu, queue, VGPU_DRIVER_AREA,
				     avail_ring(queue->ring.size), &value))
			return true;
		return !told || vring_need_event(value, queue->next_used, old);
	}
	if (vgpu_ring_load16(vgpu, queue, VGPU_DRIVER_AREA,
			     offsetof(struct vring_avail, flags), &value))
		return true;
	return !(value & VRING_AVAIL_F_NO_INTERRUPT);
}

static void tell_driver(struct vgpu *vgpu, struct vgpu_queue *queue)
{
	if (!wants_interrupt(vgpu, queue))
		return;
	mutex_lock(&vgpu->vdev.lock);
	vgpu_queue_interrupt(vgpu, queue);
	mutex_unlock(&vgpu->vdev.lock);
}

/* Ask for a notification of what comes next, then look once more. */
static const char *ask_for_more(struct vgpu *vgpu, struct vgpu_queue *queue,
				u16 *nr)
{
	int ret;

	if (!queue->event_idx)
		return NULL;
	ret = vgpu_ring_store16(vgpu, queue, VGPU_DEVICE_AREA,
				used_ring(queue->ring.size), queue->next_avail);
	if (ret)
		return unreadable(ret);
	/* What comes before the driver can see that is seen here */
	smp_mb();
	return count_avail(vgpu, queue, nr);
}

/* Carry out the request that was taken. Its answer is in vgpu->response then. */
static const char *carry_out(struct vgpu *vgpu, struct vgpu_queue *queue)
{
	ssize_t size;

	if (queue == &vgpu->queues[VGPU_CONTROL])
		size = vgpu_control(vgpu);
	else
		size = vgpu_cursor(vgpu);
	/* A reset wants what was taken back, and no answer */
	if (size == -EINTR || vgpu_is_halting(vgpu))
		return ring_leave;
	if (size < 0)
		return RING_BUFFER;
	vgpu->answering = queue;
	vgpu->answer_size = size;
	return NULL;
}

/* Give it back with its answer. */
static const char *answer(struct vgpu *vgpu, struct vgpu_queue *queue)
{
	const char *wrong = RING_BUFFER;
	ssize_t written;

	written = vgpu_request_answer(vgpu, &vgpu->response,
				      vgpu->answer_size);
	if (written == -EINTR)
		wrong = ring_leave;
	else if (written >= 0)
		wrong = return_request(vgpu, queue, written);
	if (wrong != ring_leave)
		vgpu->answering = NULL;
	return wrong;
}

/*
 * A command that the worker leaves is carried out anew. One that has been carried
 * out is not: only its answer is given anew.
 */
static const char *serve_one(struct vgpu *vgpu, struct vgpu_queue *queue)
{
	u16 next_avail = queue->next_avail;
	const char *wrong;

	if (vgpu->answering)
		return answer(vgpu, queue);
	wrong = take_request(vgpu, queue) ?: carry_out(vgpu, queue);
	if (wrong == ring_leave)
		queue->next_avail = next_avail;
	return wrong ?: answer(vgpu, queue);
}

/* Serve some of what waits in a queue. Sets *more if there may be more. */
static const char *serve_turn(struct vgpu *vgpu, struct vgpu_queue *queue,
			      bool *more)
{
	unsigned int done, all;
	const char *wrong;
	u16 nr;

	if (!queue->pages && vgpu_ring_open(queue))
		return RING_PLACE;
	wrong = count_avail(vgpu, queue, &nr);
	all = wrong ? 0 : nr + !!vgpu->answering;
	for (done = 0; done < min_t(unsigned int, all, TURN); done++) {
		if (vgpu_is_halting(vgpu))
			return NULL;
		if (READ_ONCE(vgpu->stopped))
			break;
		wrong = serve_one(vgpu, queue);
		if (wrong)
			break;
		cond_resched();
	}
	if (done && !vgpu_is_halting(vgpu))
		tell_driver(vgpu, queue);
	if (!wrong && all == done) {
		nr = 0;
		wrong = ask_for_more(vgpu, queue, &nr);
		*more |= !wrong && nr;
	} else {
		*more |= !wrong;
	}
	return wrong;
}

/* -------- The worker -------- */

/* What the driver has set up, constant until it resets; false if it is not. */
static bool queue_is_ready(struct vgpu *vgpu, struct vgpu_queue *queue)
{
	bool ready;

	mutex_lock(&vgpu->vdev.lock);
	ready = vdev_is_bus_master(&vgpu->vdev) &&
		vgpu->status & VIRTIO_CONFIG_S_DRIVER_OK &&
		!(vgpu->status & VIRTIO_CONFIG_S_NEEDS_RESET) &&
		queue->enabled && !vgpu_is_halting(vgpu);
	if (ready)
		queue->ring = queue->regs;
	queue->event_idx = vgpu->driver_features &
			   BIT_ULL(VIRTIO_RING_F_EVENT_IDX);
	queue->indirect = vgpu->driver_features &
			  BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC);
	WRITE_ONCE(vgpu->serving, ready);
	mutex_unlock(&vgpu->vdev.lock);
	return ready;
}

/* A VMM that has ended has taken the guest's memory with it. */
static bool vmm_has_ended(const struct vgpu *vgpu)
{
	return !atomic_read(&vgpu->mm->mm_users);
}

static void give_up(struct vgpu *vgpu, const struct vgpu_queue *queue,
		    const char *wrong)
{
	/* Whatever was wrong, the driver has changed its mind meanwhile */
	if (vgpu_is_halting(vgpu))
		return;
	if (!vmm_has_ended(vgpu))
		dev_notice_ratelimited(vgpu->vdev.vfio.dev,
				       "needs a reset: the guest's %s queue is broken: %s\n",
				       queue == &vgpu->queues[VGPU_CONTROL] ?
				       "control" : "cursor", wrong);
	mutex_lock(&vgpu->vdev.lock);
	if (!vgpu->resetting)
		vgpu_needs_reset(vgpu);
	mutex_unlock(&vgpu->vdev.lock);
}

/* Forget what the guest made, and have none of its memory any more. */
void vgpu_drop(struct vgpu *vgpu)
{
	unsigned int i;

	vgpu->answering = NULL;
	vgpu_resources_drop(vgpu);
	for (i = 0; i < VGPU_NR_QUEUES; i++)
		vgpu_ring_close(vgpu, &vgpu->queues[i]);
	vgpu_watches_drop(vgpu);
}

/* The end of a reset: what comes next is a queue's first */
void vgpu_queues_reset(struct vgpu *vgpu)
{
	unsigned int i;

	lockdep_assert_held(&vgpu->vdev.lock);

	for (i = 0; i < VGPU_NR_QUEUES; i++) {
		vgpu->queues[i].next_avail = 0;
		vgpu->queues[i].next_used = 0;
		vgpu->queues[i].told = false;
	}
	WRITE_ONCE(vgpu->resetting, false);
}

/* What the driver's reset leaves to the worker */
static void finish_reset(struct vgpu *vgpu)
{
	vgpu_drop(vgpu);
	mutex_lock(&vgpu->vdev.lock);
	vgpu_queues_reset(vgpu);
	mutex_unlock(&vgpu->vdev.lock);
	wake_up_all(&vgpu->wait);
}

/* Serve a turn of each queue. Returns whether there may be more to do. */
static bool serve_queues(struct vgpu *vgpu)
{
	bool more = false, skipped = false;
	struct vgpu_queue *queue;
	const char *wrong;
	unsigned int i;

	for (i = 0; i < VGPU_NR_QUEUES; i++) {
		queue = &vgpu->queues[i];
		/* Request and response of the other one are still in use */
		if (vgpu->answering && vgpu->answering != queue) {
			skipped = true;
			continue;
		}
		vgpu_worker_answer();
		if (!queue_is_ready(vgpu, queue))
			continue;
		wrong = serve_turn(vgpu, queue, &more);
		if (wrong == ring_leave)
			more |= !vgpu_must_leave(vgpu);
		else if (wrong)
			give_up(vgpu, queue, wrong);
		WRITE_ONCE(vgpu->serving, false);
		/* Another task may have taken the bus away and given it back */
		if (wq_has_sleeper(&vgpu->wait))
			wake_up_all(&vgpu->wait);
	}
	return more || (skipped && !vgpu->answering);
}

/* What there is more to do comes behind other work of the thread, see renew.c. */
void vgpu_work(struct kthread_work *work)
{
	struct vgpu *vgpu = container_of(work, struct vgpu, work);
	struct mem_cgroup *memcg = vgpu_worker_begin(vgpu);
	bool more;

	if (READ_ONCE(vgpu->resetting) && !READ_ONCE(vgpu->halted))
		finish_reset(vgpu);
	more = serve_queues(vgpu) || READ_ONCE(vgpu->resetting);
	if (more && !READ_ONCE(vgpu->halted))
		kthread_queue_work(vgpu->worker, &vgpu->work);
	vgpu_worker_end(vgpu, memcg);
	cond_resched();
}
