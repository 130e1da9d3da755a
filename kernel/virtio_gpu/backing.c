// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest memory of a resource: a list of address ranges, which the guest
 * says once and which together are the resource.
 *
 * Where all of them are whole pages these pages are the plane (pin.c). Any
 * other backing would show a viewer what else is in a page, and has no address
 * for a mapping to be at; what the guest transfers of it is copied into pages of
 * the device's own.
 */
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "virtio_gpu.h"

/* The entries as the guest sent them, to be freed with kvfree(); or an ERR_PTR */
static struct virtio_gpu_mem_entry *fetch_entries(struct vgpu *vgpu,
						  u64 offset, u32 nr)
{
	struct virtio_gpu_mem_entry *sent;
	int ret;

	if (offset + (u64)nr * sizeof(*sent) > vgpu->request->out_size)
		return ERR_PTR(-EINVAL);
	sent = kvmalloc_array(nr, sizeof(*sent), VFIO_DMABUF_GFP);
	if (!sent)
		return ERR_PTR(-ENOMEM);
	ret = vgpu_request_read(vgpu, offset, sent, nr * sizeof(*sent));
	if (ret) {
		kvfree(sent);
		return ERR_PTR(ret);
	}
	return sent;
}

/* Take over what was sent. False for what cannot be. */
static bool take_entries(struct vgpu_backing *backing,
			 const struct virtio_gpu_mem_entry *sent)
{
	struct vgpu_entry *entry;
	u64 end;
	u32 i;

	backing->whole_pages = true;
	for (i = 0; i < backing->nr_entries; i++) {
		entry = &backing->entries[i];
		entry->start = backing->size;
		entry->addr = le64_to_cpu(sent[i].addr);
		entry->length = le32_to_cpu(sent[i].length);
		if (!entry->length ||
		    check_add_overflow(entry->addr, (u64)entry->length, &end))
			return false;
		/* 16384 times 32 bits */
		backing->size += entry->length;
		if (offset_in_page(entry->addr) ||
		    offset_in_page(entry->length))
			backing->whole_pages = false;
	}
	return true;
}

/* The entry that holds a byte of the backing */
static const struct vgpu_entry *entry_at(const struct vgpu_backing *backing,
					 u64 offset)
{
	u32 low = 0, high = backing->nr_entries - 1, middle;

	while (low < high) {
		middle = low + (high - low + 1) / 2;
		if (backing->entries[middle].start <= offset)
			low = middle;
		else
			high = middle - 1;
	}
	return &backing->entries[low];
}

/* Where the guest has a byte of the backing */
u64 vgpu_backing_address(const struct vgpu_backing *backing, u64 offset)
{
	const struct vgpu_entry *entry = entry_at(backing, offset);

	return entry->addr + (offset - entry->start);
}

/* Copy a run of bytes to where the plane has them. */
int vgpu_backing_copy(struct vgpu *vgpu, struct vgpu_backing *backing,
		      u64 offset, u64 size)
{
	const struct vgpu_entry *entry;
	struct page *page;
	u64 left, in_entry;
	void *addr;
	int ret = 0;

	for (left = size; left && !ret; left -= size, offset += size) {
		entry = entry_at(backing, offset);
		in_entry = offset - entry->start;
		size = min_t(u64, left, PAGE_SIZE - offset_in_page(offset));
		size = min_t(u64, size, entry->length - in_entry);
		page = vfio_dmabuf_mem_page(backing->copy,
					    offset >> PAGE_SHIFT);
		if (!page)
			return -ENOMEM;
		if (vgpu_is_halting(vgpu))
			return -EINTR;
		addr = kmap_local_page(page);
		ret = vgpu_read(vgpu, entry->addr + in_entry,
				addr + offset_in_page(offset), size);
		kunmap_local(addr);
		if (!ret)
			vfio_dmabuf_mgr_copied(vgpu->mgr, size);
		cond_resched();
	}
	return ret;
}

/* The same of a rectangle, whose lines are @line bytes, @stride apart. */
int vgpu_backing_copy_rect(struct vgpu *vgpu, struct vgpu_backing *backing,
			   u64 offset, u64 line, u64 stride, u32 height)
{
	int ret = 0;

	if (line == stride)
		return vgpu_backing_copy(vgpu, backing, offset, line * height);
	for (; height && !ret; height--, offset += stride)
		ret = vgpu_backing_copy(vgpu, backing, offset, line);
	return ret;
}

/* Is there memory at both ends of each entry? */
static int probe_entries(struct vgpu *vgpu, const struct vgpu_backing *backing)
{
	const struct vgpu_entry *entry;
	int ret = 0;
	u8 byte;
	u32 i;

	for (i = 0; i < backing->nr_entries && !ret; i++) {
		entry = &backing->entries[i];
		if (vgpu_is_halting(vgpu))
			return -EINTR;
		ret = vgpu_read(vgpu, entry->addr, &byte, 1) ?:
		      vgpu_read(vgpu, entry->addr + entry->length - 1, &byte,
				1);
		cond_resched();
	}
	return ret;
}

static int make_copy(struct vgpu *vgpu, struct vgpu_backing *backing, u64 size)
{
	struct vfio_dmabuf_mem *mem;
	int ret;

	ret = probe_entries(vgpu, backing);
	if (ret)
		return ret;
	mem = vfio_dmabuf_mem_create(size, vgpu->quota);
	if (IS_ERR(mem))
		return PTR_ERR(mem);
	backing->copy = mem;
	return 0;
}

/*
 * Make a backing of @nr_entries entries that the request has at @offset, to hold
 * @size bytes. Returns it or an ERR_PTR: -EINVAL and -EFAULT for nonsense,
 * -ENOMEM and -ENOSPC at a limit.
 */
struct vgpu_backing *vgpu_backing_create(struct vgpu *vgpu, u64 offset,
					 u32 nr_entries, u64 size)
{
	struct virtio_gpu_mem_entry *sent;
	struct vgpu_backing *backing;
	int ret = -EINVAL;

	if (!nr_entries || nr_entries > VGPU_MAX_ENTRIES)
		return ERR_PTR(-EINVAL);
	if (vgpu->nr_entries + nr_entries > VGPU_MAX_ALL_ENTRIES)
		return ERR_PTR(-ENOSPC);
	sent = fetch_entries(vgpu, offset, nr_entries);
	if (IS_ERR(sent))
		return ERR_CAST(sent);
	backing = kvzalloc(struct_size(backing, entries, nr_entries),
			   VFIO_DMABUF_GFP);
	if (!backing) {
		ret = -ENOMEM;
		goto err_sent;
	}
	backing->nr_entries = nr_entries;
	if (!take_entries(backing, sent) || backing->size < size)
		goto err_backing;
	if (backing->whole_pages)
		ret = vgpu_pin(vgpu, backing);
	else
		ret = make_copy(vgpu, backing, size);
	if (ret)
		goto err_backing;
	vgpu->nr_entries += nr_entries;
	kvfree(sent);
	return backing;

err_backing:
	kvfree(backing);
err_sent:
	kvfree(sent);
	return ERR_PTR(ret);
}

/*
 * Have the plane's memory there again, if an unmap has taken it: the VMM may
 * have moved what is around it. Returns 0 or an errno, as creation does.
 */
int vgpu_backing_revive(struct vgpu *vgpu, struct vgpu_backing *backing)
{
	return backing->whole_pages ? vgpu_pin(vgpu, backing) : 0;
}

/* The plane's memory, or NULL: an unmap has taken it. Under pin_lock. */
struct vfio_dmabuf_mem *vgpu_backing_mem(struct vgpu_backing *backing)
{
	if (!backing->whole_pages)
		return backing->copy;
	return backing->pin.state == VGPU_PIN_LIVE ? backing->pin.mem : NULL;
}

/* No scanout may use it any more. */
void vgpu_backing_destroy(struct vgpu *vgpu, struct vgpu_backing *backing)
{
	if (backing->whole_pages) {
		vgpu_unpin(vgpu, backing);
	} else {
		vfio_dmabuf_mgr_forget(vgpu->mgr, backing->copy, 0);
		vfio_dmabuf_mem_put(backing->copy);
	}
	vgpu->nr_entries -= backing->nr_entries;
	kvfree(backing);
}
