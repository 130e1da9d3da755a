// SPDX-License-Identifier: GPL-2.0-only
/*
 * Monitors: which are plugged in and what they prefer, as the guest is told it,
 * and how the host changes it.
 *
 * The first head's monitor is the EDID region's, so what a VMM writes there and
 * what is asked for through a manager fd come to the same.
 *
 * A viewer may ask for modes as fast as it can. The guest is interrupted for
 * what it has not been told, and at most TELL_RATE times a second; what it reads
 * is always the newest.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/virtio_config.h>

#include "virtio_gpu.h"

/* What a monitor prefers until someone says otherwise */
#define DEFAULT_WIDTH	1280
#define DEFAULT_HEIGHT	800

/* What may be asked for */
#define MIN_SIZE	32
#define MAX_REFRESH	240

/* Interrupts a second for changes of displays */
#define TELL_RATE	10

static struct vdev_edid *edid_of(struct vgpu *vgpu, u32 head)
{
	return head ? &vgpu->heads[head].edid : &vgpu->vdev.edid;
}

static bool is_plugged(struct vgpu *vgpu, u32 head)
{
	return edid_of(vgpu, head)->link == VFIO_DEVICE_GFX_LINK_STATE_UP;
}

/* All heads have a monitor when the device is opened. */
void vgpu_display_init(struct vgpu *vgpu)
{
	u32 head;

	for (head = 0; head < vgpu->type->heads; head++) {
		vgpu->heads[head].width = DEFAULT_WIDTH;
		vgpu->heads[head].height = DEFAULT_HEIGHT;
		vdev_edid_init(edid_of(vgpu, head), DEFAULT_WIDTH,
			       DEFAULT_HEIGHT, VGPU_MAX_SIZE, VGPU_MAX_SIZE);
	}
}

static bool has_event(const struct vgpu *vgpu)
{
	return vgpu->events & VIRTIO_GPU_EVENT_DISPLAY;
}

/* Interrupt the guest if it is to hear of a change, now or as soon as it may be. */
static void tell(struct vgpu *vgpu)
{
	u64 now = get_jiffies_64();

	lockdep_assert_held(&vgpu->vdev.lock);

	if (!vgpu->untold || !(vgpu->status & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	if (now < vgpu->tell_at) {
		schedule_delayed_work(&vgpu->tell_work, vgpu->tell_at - now);
		return;
	}
	vgpu->tell_at = now + HZ / TELL_RATE;
	vgpu->untold = false;
	vgpu->looked_before |= vgpu->looked;
	vgpu->looked = false;
	vgpu_config_changed(vgpu);
}

void vgpu_display_tell(struct work_struct *work)
{
	struct vgpu *vgpu = container_of(to_delayed_work(work), struct vgpu,
					 tell_work);

	mutex_lock(&vgpu->vdev.lock);
	tell(vgpu);
	mutex_unlock(&vgpu->vdev.lock);
}

/*
 * A guest that has not looked since the event is yet to look, and finds this
 * change, too. One that has looked is to be interrupted again; and as it may
 * acknowledge the event for what it saw then, there is another event after that.
 */
static void displays_changed(struct vgpu *vgpu)
{
	lockdep_assert_held(&vgpu->vdev.lock);

	if (!has_event(vgpu)) {
		vgpu->looked = false;
		vgpu->looked_before = false;
		vgpu->untold = true;
	} else if (vgpu->looked || vgpu->looked_before) {
		vgpu->missed = true;
		vgpu->untold = true;
	}
	vgpu->events |= VIRTIO_GPU_EVENT_DISPLAY;
	vgpu->generation++;
	tell(vgpu);
}

/* The guest has acknowledged events. */
void vgpu_display_acknowledge(struct vgpu *vgpu, u32 events)
{
	bool missed = vgpu->missed;

	lockdep_assert_held(&vgpu->vdev.lock);

	vgpu->events &= ~events;
	if (has_event(vgpu))
		return;
	vgpu->untold = false;
	vgpu->missed = false;
	if (missed)
		displays_changed(vgpu);
}

/* A driver that begins looks by itself: there is nothing to tell it. */
void vgpu_display_reset(struct vgpu *vgpu)
{
	lockdep_assert_held(&vgpu->vdev.lock);

	vgpu->events = 0;
	vgpu->untold = false;
	vgpu->missed = false;
}

/* The VMM has plugged a monitor in or out; what it prefers is in its EDID. */
void vgpu_display_plugged(struct vdev *vdev)
{
	struct vgpu *vgpu = to_vgpu(vdev);
	struct vgpu_head *head = &vgpu->heads[0];
	u32 width, height;

	if (is_plugged(vgpu, 0) &&
	    vdev_edid_native(&vdev->edid, &width, &height)) {
		head->width = min_t(u32, width, VGPU_MAX_SIZE);
		head->height = min_t(u32, height, VGPU_MAX_SIZE);
	}
	displays_changed(vgpu);
}

/* struct vfio_dmabuf_mgr_ops.request_mode */
int vgpu_request_mode(void *priv, u32 head, u32 width, u32 height, u32 refresh)
{
	struct vgpu *vgpu = priv;
	struct vdev_edid *edid;

	if (width && (width < MIN_SIZE || width > VGPU_MAX_SIZE ||
		      height < MIN_SIZE || height > VGPU_MAX_SIZE ||
		      refresh > MAX_REFRESH))
		return -EINVAL;

	head = array_index_nospec(head, VGPU_MAX_HEADS);
	edid = edid_of(vgpu, head);
	mutex_lock(&vgpu->vdev.lock);
	if (width) {
		vgpu->heads[head].width = width;
		vgpu->heads[head].height = height;
		vdev_edid_set_mode(edid, width, height, refresh);
		edid->link = VFIO_DEVICE_GFX_LINK_STATE_UP;
	} else {
		edid->link = VFIO_DEVICE_GFX_LINK_STATE_DOWN;
	}
	displays_changed(vgpu);
	mutex_unlock(&vgpu->vdev.lock);
	return 0;
}

/* VIRTIO_GPU_CMD_GET_DISPLAY_INFO */
void vgpu_display_info(struct vgpu *vgpu)
{
	struct virtio_gpu_resp_display_info *info =
		&vgpu->response.display_info;
	u32 head;

	memset(info, 0, sizeof(*info));
	mutex_lock(&vgpu->vdev.lock);
	vgpu->looked = true;
	for (head = 0; head < vgpu->type->heads; head++) {
		if (!is_plugged(vgpu, head))
			continue;
		info->pmodes[head].enabled = cpu_to_le32(1);
		info->pmodes[head].r.width =
			cpu_to_le32(vgpu->heads[head].width);
		info->pmodes[head].r.height =
			cpu_to_le32(vgpu->heads[head].height);
	}
	mutex_unlock(&vgpu->vdev.lock);
}

/* VIRTIO_GPU_CMD_GET_EDID; none where no monitor is plugged in */
u32 vgpu_display_edid(struct vgpu *vgpu)
{
	struct virtio_gpu_resp_edid *answer = &vgpu->response.edid;
	u32 head = le32_to_cpu(vgpu->command.get_edid.scanout);
	const struct vdev_edid *edid;

	if (head >= vgpu->type->heads)
		return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
	head = array_index_nospec(head, VGPU_MAX_HEADS);
	BUILD_BUG_ON(sizeof(answer->edid) < sizeof(edid->blob));

	memset(answer, 0, sizeof(*answer));
	edid = edid_of(vgpu, head);
	mutex_lock(&vgpu->vdev.lock);
	vgpu->looked = true;
	if (is_plugged(vgpu, head)) {
		answer->size = cpu_to_le32(edid->size);
		memcpy(answer->edid, edid->blob, edid->size);
	}
	mutex_unlock(&vgpu->vdev.lock);
	return VIRTIO_GPU_RESP_OK_EDID;
}
